import { ServiceError } from "../errors/service-error.js";
import type { HttpRequest } from "../http/exchange.js";
import { readSampling } from "../requests/read-sampling.js";
import { readTools } from "../requests/read-tools.js";
import {
  type Fields,
  fieldOf,
  readBody,
  readFlag,
  readList,
  readObject,
  readText,
} from "../requests/request-fields.js";
import type { ServedAgent } from "../service/served-agent.js";
import { splitMessages } from "../turns/split-messages.js";
import { readInput } from "./read-input.js";
import { readReplyFormat } from "./read-reply-format.js";
import { refuseFields } from "./refuse-fields.js";
import {
  checkRequiredCall,
  mayAskClient,
  type ReplyRequest,
  readConversationIds,
  readModelId,
} from "./reply-request.js";
import type { EchoedFields } from "./response-object.js";

/** A request for a response. */
export interface ResponseRequest extends ReplyRequest {
  readonly echoed: EchoedFields;
}

/** Reads the body of `POST /v1/responses`. Fields that are not known are ignored. Throws {@link ServiceError}. */
export async function readResponseRequest(request: HttpRequest, served: ServedAgent): Promise<ResponseRequest> {
  const body = readBody(await request.json());
  refuseFields(body, ["previous_response_id", "conversation", "background", "prompt"]);
  const model = served.findModel(readModelId(body));
  const isStreamed = readFlag(body, "stream");
  const instructions = readText(body, "instructions");
  const messages = readInput(fieldOf(body, "input"));
  const text = readObject(body, "text") ?? {};
  const ask = {
    target: model.target,
    conversationIds: readConversationIds(request, body),
    ...splitInput(instructions === undefined ? messages : [{ role: "system", content: instructions }, ...messages]),
    callerTools: readTools(body, "flat"),
    responseSchema: readReplyFormat(text.format, "text.format", "flat"),
    sampling: readSampling(body, ["max_output_tokens"]),
    mayAskClient: mayAskClient(request, isStreamed),
  };
  checkRequiredCall(model, ask);
  return { model, ask, isStreamed, echoed: echo(body, text, ask.sampling ?? {}) };
}

/** Splits the messages. Errors name the field of this API. */
function splitInput(messages: Parameters<typeof splitMessages>[0]): ReturnType<typeof splitMessages> {
  try {
    return splitMessages(messages);
  } catch (error) {
    if (!(error instanceof ServiceError) || error.param !== "messages") throw error;
    throw ServiceError.invalid("input", error.message, error.hint ?? undefined);
  }
}

function echo(
  body: Fields,
  text: Fields,
  {
    maxTokens,
    temperature,
    topP,
  }: { maxTokens?: number | undefined; temperature?: number | undefined; topP?: number | undefined },
): EchoedFields {
  return {
    instructions: readText(body, "instructions") ?? null,
    max_output_tokens: maxTokens ?? null,
    metadata: readObject(body, "metadata") ?? {},
    parallel_tool_calls: fieldOf(body, "parallel_tool_calls") !== false,
    temperature: temperature ?? null,
    text: { format: readObject(text, "format", "text.format") ?? { type: "text" } },
    tool_choice: fieldOf(body, "tool_choice") ?? "auto",
    tools: readList(body, "tools") ?? [],
    top_p: topP ?? null,
    user: readText(body, "user") ?? null,
  };
}
