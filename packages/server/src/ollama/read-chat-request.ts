import { ServiceError } from "../errors/service-error.js";
import type { HttpRequest } from "../http/exchange.js";
import type { ServedAgent, ServedModel } from "../service/served-agent.js";
import type { Ask } from "../turns/ask.js";
import { type ClientMessage, splitMessages } from "../turns/split-messages.js";
import { findModel, readModelName } from "./model-name.js";
import { type Fields, readField, readObject } from "./read-field.js";
import { readFormat } from "./read-format.js";
import { readMessages, refuseImages } from "./read-messages.js";
import { readOptions } from "./read-options.js";
import { readTools } from "./read-tools.js";

/** A request of `/api/chat` or `/api/generate`. */
export interface ReplyRequest {
  readonly model: ServedModel;
  /** Name of the model as the client wrote it. Replies repeat it. */
  readonly name: string;
  /** What to answer, or null for a request without a message, by which clients load a model. */
  readonly ask: Ask | null;
  readonly isStreamed: boolean;
  /** Whether the reply contains the model's thinking. */
  readonly showsThinking: boolean;
}

/**
 * Reads the body of `/api/chat`. Unknown fields are ignored, `keep_alive` and `truncate` too, because an agent stays
 * loaded and its context window is its own matter. Throws {@link ServiceError}.
 */
export async function readChatRequest(request: HttpRequest, served: ServedAgent): Promise<ReplyRequest> {
  const body = readObject(await request.json(), null);
  return { ...readCommon(body, served), ask: readAsk(request, served, body, readMessages(body)) };
}

/**
 * Reads the body of `/api/generate`, whose prompt starts a conversation. Throws {@link ServiceError}, also for what goes
 * around the chat template.
 */
export async function readGenerateRequest(request: HttpRequest, served: ServedAgent): Promise<ReplyRequest> {
  const body = readObject(await request.json(), null);
  refuseImages(body);
  const isRaw = readField(body, "raw", "flag") === true;
  for (const name of ["suffix", "template", ...(isRaw ? ["raw"] : [])]) {
    if (name !== "raw" && (readField(body, name, "text") ?? "") === "") continue;
    throw ServiceError.invalid(
      name,
      `"${name}" is not supported: an agent reads messages, not the text of a template.`,
      "Leave it out.",
    );
  }
  const system = readField(body, "system", "text") ?? "";
  const prompt = readField(body, "prompt", "text") ?? "";
  const messages: ClientMessage[] = prompt === "" ? [] : [{ role: "user", content: prompt }];
  if (system !== "" && prompt !== "") messages.unshift({ role: "system", content: system });
  return { ...readCommon(body, served), ask: readAsk(request, served, { ...body, tools: undefined }, messages) };
}

function readCommon(body: Fields, served: ServedAgent): Omit<ReplyRequest, "ask"> {
  if (readField(body, "logprobs", "flag") === true) {
    throw ServiceError.invalid("logprobs", '"logprobs" is not supported.', "Leave it out.");
  }
  return {
    model: findModel(served, body),
    name: readModelName(body),
    isStreamed: readField(body, "stream", "flag") ?? true,
    // A level ("low", "high") asks for thinking, too.
    showsThinking: body.think !== false,
  };
}

function readAsk(
  request: HttpRequest,
  served: ServedAgent,
  body: Fields,
  messages: readonly ClientMessage[],
): Ask | null {
  const callerTools = readTools(body);
  const responseSchema = readFormat(body);
  const sampling = readOptions(body);
  if (messages.length === 0) return null;
  const id = request.header("x-conversation-id");
  return {
    target: findModel(served, body).target,
    conversationIds: id === null || id === "" ? [] : [id],
    ...splitMessages(messages),
    callerTools,
    responseSchema,
    sampling,
    mayAskClient: false,
  };
}
