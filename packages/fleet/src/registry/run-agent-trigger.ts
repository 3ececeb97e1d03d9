import { randomUUID } from "node:crypto";
import { cutText } from "@nanoagent/models";
import { agentTopics, MqttError } from "@nanoagent/server/mqtt";
import { readJsonObject } from "../offers/read-json-object.js";
import type { FinishedTrigger, Registry, TriggerOptions } from "./registry.js";
import { notAnswering, requestReply } from "./request-reply.js";

/** Largest event that is read, in bytes. Agents send texts of at most 1,000 characters. */
const MAX_EVENT_BYTES = 32 * 1024;
/** Longest outcome, ID or time, in characters. */
const MAX_WORD_CHARACTERS = 200;

/** Most ends of other events that are kept until the agent says which one is its own. */
const MAX_ENDS = 1000;
/** Time in which an agent that can tell the event of a run has told it, after an end of the same trigger. */
const ACCEPT_MILLISECONDS = 5000;

/**
 * Runs a trigger of an agent, and resolves with the end of its event. The agent tells the ID of the event to those who send
 * correlation data, which needs MQTT 5. Where it does not, the first act of this trigger that ends is the one.
 */
export async function runAgentTrigger(
  registry: Registry,
  id: string,
  name: string,
  options: TriggerOptions,
): Promise<FinishedTrigger> {
  if (/[/+#]/.test(name) || name === "") throw unusableName(name);
  const topics = agentTopics(id, registry.prefix);
  const canCorrelate = registry.connection.protocol !== "3.1.1";
  const correlation = randomUUID();
  const ends = new Map<string, FinishedTrigger>();
  let accepted: string | null = null;
  let timer: ReturnType<typeof setTimeout> | null = null;
  const takeEnd = (bytes: Uint8Array, reply: (end: FinishedTrigger) => void) => {
    const end = readEvent(bytes, name);
    if (end === null || !canCorrelate) return end;
    if (accepted !== null) return end.event === accepted ? end : null;
    if (ends.size < MAX_ENDS) ends.set(end.event, end);
    timer ??= setTimeout(() => accepted === null && reply([...ends.values()][0] ?? end), ACCEPT_MILLISECONDS);
    return null;
  };
  const takeAccepted = (bytes: Uint8Array) => {
    const message = readJsonObject(bytes, MAX_EVENT_BYTES);
    if (message === null || message.correlation !== correlation) return null;
    if (message.event === null) throw notAnswering(id, `did not run the trigger ${JSON.stringify(name)}`, REFUSED_HINT);
    if (!isWord(message.event)) return null;
    accepted = message.event;
    return ends.get(accepted) ?? null;
  };
  try {
    return await requestReply(
      registry,
      {
        id,
        topic: topics.run(name),
        payload: options.payload ?? "",
        correlationData: canCorrelate ? new TextEncoder().encode(correlation) : undefined,
        replyTopics: [topics.event, topics.accepted],
        read: (bytes, topic, reply) => (topic === topics.accepted ? takeAccepted(bytes) : takeEnd(bytes, reply)),
        hint: "Compare the name with nanoagent triggers list on the device. Nothing is done if the conditions are not met; nanoagent triggers log has the reason.",
      },
      options,
    );
  } finally {
    if (timer !== null) clearTimeout(timer);
  }
}

const REFUSED_HINT =
  "Compare the name with nanoagent triggers list on the device. The event may also be too large, or one too many; see nanoagent triggers log.";

function readEvent(bytes: Uint8Array, name: string): FinishedTrigger | null {
  const message = readJsonObject(bytes, MAX_EVENT_BYTES);
  if (message === null || message.trigger !== name) return null;
  const { event_type: outcome, event, text, at } = message;
  if (!isWord(outcome) || !isWord(event) || !isWord(at) || typeof text !== "string") return null;
  return { trigger: name, event, outcome, text, at };
}

function isWord(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_WORD_CHARACTERS;
}

function unusableName(name: string): MqttError {
  return new MqttError({
    code: "mqtt-settings-invalid",
    message: `The name ${JSON.stringify(cutText(name, 100))} is not that of a trigger.`,
    reason: "The name is a level of a topic, so it cannot be empty or contain /, + or #.",
    hint: "nanoagent triggers list on the device shows the names.",
  });
}
