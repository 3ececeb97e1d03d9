import { randomUUID } from "node:crypto";
import { cutText, NanoAgentError } from "@nanoagent/models";
import { agentTopics, MAX_ASK_BYTES } from "@nanoagent/server/mqtt";
import { readJsonObject } from "../offers/read-json-object.js";
import type { AgentAnswer, AskOptions, Registry } from "./registry.js";
import { notAnswering, requestReply } from "./request-reply.js";

/** Largest answer that is read, in bytes. Agents send at most 32,768 characters, and JSON may write each as six bytes. */
const MAX_ANSWER_BYTES = 256 * 1024;
/** Longest reason of a refusal, in characters. */
const MAX_REASON_CHARACTERS = 1000;

/** Sends a message to an agent's `ask`, and resolves with the answer that has its number. */
export function askAgent(registry: Registry, id: string, text: string, options: AskOptions): Promise<AgentAnswer> {
  const { conversation } = options;
  const topics = agentTopics(id, registry.prefix);
  const number = randomUUID();
  const payload = JSON.stringify({ text, id: number, ...(conversation !== undefined && { conversation }) });
  // The agent refuses longer ones without the number.
  if (new TextEncoder().encode(payload).length > MAX_ASK_BYTES) throw tooLarge();
  return requestReply(
    registry,
    {
      id,
      topic: topics.ask,
      payload,
      replyTopics: [topics.answer],
      read: (bytes) => readAnswer(bytes, number, id),
      hint: "Wait longer for a slow model, or check that its config does not have mqtt.ask: false and that this user may publish there.",
    },
    options,
  );
}

function readAnswer(bytes: Uint8Array, number: string, agent: string): AgentAnswer | null {
  const answer = readJsonObject(bytes, MAX_ANSWER_BYTES);
  if (answer === null || answer.id !== number) return null;
  const { text, error, is_cut } = answer;
  if (typeof text === "string") return { text, isCut: is_cut === true };
  const { code, message } = (typeof error === "object" && error !== null ? error : {}) as Record<string, unknown>;
  const reason = [message, code].find((part) => typeof part === "string") as string | undefined;
  const hint = "Look at the log of its service.";
  throw notAnswering(agent, "did not answer the message", hint, cutText(reason ?? "", MAX_REASON_CHARACTERS));
}

function tooLarge(): NanoAgentError {
  return new NanoAgentError({
    code: "message-too-large",
    message: `The message exceeds the limit of ${MAX_ASK_BYTES} bytes.`,
    hint: "Send only the part that matters.",
  });
}
