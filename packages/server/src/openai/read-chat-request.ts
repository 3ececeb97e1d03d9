import { ServiceError } from "../errors/service-error.js";
import type { HttpRequest } from "../http/exchange.js";
import { readSampling } from "../requests/read-sampling.js";
import { readTools } from "../requests/read-tools.js";
import {
  type Fields,
  isFields,
  readBody,
  readFlag,
  readList,
  readObject,
  wrongType,
} from "../requests/request-fields.js";
import type { ServedAgent } from "../service/served-agent.js";
import { readContent } from "../turns/read-content.js";
import { type ClientMessage, splitMessages } from "../turns/split-messages.js";
import { readCallId, readCalls } from "./read-calls.js";
import { readReplyFormat } from "./read-reply-format.js";
import { refuseFields } from "./refuse-fields.js";
import {
  checkRequiredCall,
  hasField,
  MAX_MESSAGES,
  mayAskClient,
  type ReplyRequest,
  readConversationIds,
  readModelId,
  unknownRole,
} from "./reply-request.js";

/** A request for a chat completion. */
export interface ChatRequest extends ReplyRequest {
  /** Whether the stream ends with a chunk that has the usage. */
  readonly includesUsage: boolean;
}

/** Reads the body of `POST /v1/chat/completions`. Fields that are not known are ignored. Throws {@link ServiceError}. */
export async function readChatRequest(request: HttpRequest, served: ServedAgent): Promise<ChatRequest> {
  const body = readBody(await request.json());
  refuseFields(body, ["n", "logprobs", "audio"]);
  const model = served.findModel(readModelId(body));
  const isStreamed = readFlag(body, "stream");
  const ask = {
    target: model.target,
    conversationIds: readConversationIds(request, body),
    ...splitMessages(readMessages(body)),
    callerTools: readTools(body, "nested"),
    responseSchema: readReplyFormat(body.response_format, "response_format", "nested"),
    sampling: readSampling(body, ["max_completion_tokens", "max_tokens"]),
    mayAskClient: mayAskClient(request, isStreamed),
  };
  checkRequiredCall(model, ask);
  const streaming = readObject(body, "stream_options") ?? {};
  const includesUsage = readFlag(streaming, "include_usage", "stream_options.include_usage");
  return { model, ask, isStreamed, includesUsage };
}

function readMessages(body: Fields): ClientMessage[] {
  const messages = readList(body, "messages") ?? [];
  if (messages.length === 0) {
    throw ServiceError.invalid("messages", "The request has no messages.", "Send at least one message of the user.");
  }
  if (messages.length > MAX_MESSAGES) {
    throw ServiceError.invalid(
      "messages",
      `The request has ${messages.length} messages. The limit is ${MAX_MESSAGES}.`,
      "Leave out the oldest ones.",
    );
  }
  return messages.map((message, index) => readMessage(message, `messages[${index}]`));
}

function readMessage(message: unknown, param: string): ClientMessage {
  if (!isFields(message)) throw wrongType(param, "an object", message);
  const { role, content } = message;
  switch (role) {
    case "system":
    case "developer":
      return { role: "system", content: readRequired(content, `${param}.content`) };
    case "user":
      return { role, content: readRequired(content, `${param}.content`) };
    case "assistant": {
      const calls = readCalls(readList(message, "tool_calls", `${param}.tool_calls`) ?? [], `${param}.tool_calls`);
      if (hasField(message, "function_call")) {
        throw ServiceError.invalid(
          `${param}.function_call`,
          `${param}.function_call is an old form of calls that this service does not read.`,
          "Send the call in tool_calls.",
        );
      }
      return {
        role,
        content: readContent(content, `${param}.content`),
        ...(calls.length > 0 && { tool_calls: calls }),
      };
    }
    case "tool": {
      const tool_call_id = readCallId(message.tool_call_id, `${param}.tool_call_id`);
      return { role, content: readContent(content, `${param}.content`), tool_call_id };
    }
    default:
      throw unknownRole(role, `${param}.role`, '"system", "developer", "user", "assistant" or "tool"');
  }
}

function readRequired(content: unknown, param: string): string {
  if (content !== undefined && content !== null) return readContent(content, param);
  throw wrongType(param, "a text or a list of parts", content, "Send the message's text in this field.");
}
