import { clientConversationId } from "../conversations/client-conversation-id.js";
import { ServiceError } from "../errors/service-error.js";
import type { HttpRequest } from "../http/exchange.js";
import { readTools } from "../requests/read-tools.js";
import { type Fields, fieldOf, readBody, readFlag, readText } from "../requests/request-fields.js";
import type { ServedAgent } from "../service/served-agent.js";
import type { Ask } from "../turns/ask.js";
import { type ClientMessage, splitMessages } from "../turns/split-messages.js";
import { findModel, readModelName } from "./model-name.js";
import { readFormat } from "./read-format.js";
import { readMessages, refuseImages } from "./read-messages.js";
import { readOptions } from "./read-options.js";

const NO_TEMPLATE = "An agent reads messages, not the text of a template.";

/** A request of `/api/chat` or `/api/generate`. */
export interface ReplyRequest {
  /** Name of the model as the client wrote it. Replies repeat it. */
  readonly name: string;
  /** Request for an answer, or null for a request without a message, by which clients load a model. */
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
  served.answering.checkPlace();
  const body = readBody(await request.json());
  return { ...readCommon(body, served), ask: readAsk(request, served, body, readMessages(body)) };
}

/**
 * Reads the body of `/api/generate`, whose prompt starts a conversation. Throws {@link ServiceError}, also for what goes
 * around the chat template.
 */
export async function readGenerateRequest(request: HttpRequest, served: ServedAgent): Promise<ReplyRequest> {
  served.answering.checkPlace();
  const body = readBody(await request.json());
  refuseImages(body);
  if (readFlag(body, "raw")) throw notSupported("raw", NO_TEMPLATE);
  if (readText(body, "suffix")) throw notSupported("suffix", NO_TEMPLATE);
  if (readText(body, "template")) throw notSupported("template", NO_TEMPLATE);
  const system = readText(body, "system") ?? "";
  const prompt = readText(body, "prompt") ?? "";
  const messages: ClientMessage[] = prompt === "" ? [] : [{ role: "user", content: prompt }];
  if (system !== "" && prompt !== "") messages.unshift({ role: "system", content: system });
  return { ...readCommon(body, served), ask: readAsk(request, served, { ...body, tools: undefined }, messages) };
}

function readCommon(body: Fields, served: ServedAgent): Omit<ReplyRequest, "ask"> {
  if (readFlag(body, "logprobs")) throw notSupported("logprobs", "The service does not report probabilities.");
  findModel(served, body);
  return {
    name: readModelName(body),
    isStreamed: fieldOf(body, "stream") === undefined || readFlag(body, "stream"),
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
  const callerTools = readTools(body, "nested");
  const responseSchema = readFormat(body);
  const sampling = readOptions(body);
  if (messages.length === 0) return null;
  const id = request.header("x-conversation-id");
  return {
    target: findModel(served, body).target,
    conversationIds: id === null || id === "" ? [] : [clientConversationId(id)],
    ...splitMessages(messages),
    callerTools,
    responseSchema,
    sampling,
    mayAskClient: false,
  };
}

function notSupported(name: string, why: string): ServiceError {
  return ServiceError.invalid(name, `${name} is not supported. ${why}`, "Leave it out.");
}
