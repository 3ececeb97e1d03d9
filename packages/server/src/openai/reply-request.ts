import { clientConversationId } from "../conversations/client-conversation-id.js";
import { ServiceError } from "../errors/service-error.js";
import type { HttpRequest } from "../http/exchange.js";
import { type Fields, fieldOf, readText, shown } from "../requests/request-fields.js";
import type { ServedModel } from "../service/served-agent.js";
import type { Ask } from "../turns/ask.js";

/** A request for a reply, from either API. */
export interface ReplyRequest {
  readonly model: ServedModel;
  readonly ask: Ask;
  readonly isStreamed: boolean;
}

/** Most messages or items of a request. Each one costs memory beyond its text. */
export const MAX_MESSAGES = 10_000;
/** Longest id of a conversation. */
const MAX_ID_CHARACTERS = 1000;

/** Returns the ids of the conversation: the header's, then `user`, which Home Assistant sets to its own id. */
export function readConversationIds(request: HttpRequest, body: Fields): readonly string[] {
  const ids = [
    { id: request.header("x-conversation-id"), param: null },
    { id: readText(body, "user"), param: "user" },
  ];
  return ids.flatMap(({ id, param }) => {
    if (id === null || id === undefined || id.trim() === "") return [];
    if (id.length <= MAX_ID_CHARACTERS) return [clientConversationId(id)];
    throw ServiceError.invalid(
      param,
      `The id of the conversation has ${id.length} characters. The limit is ${MAX_ID_CHARACTERS}.`,
      "Send a shorter one.",
    );
  });
}

/** Whether the client answers questions for permission that come as events of its stream. */
export function mayAskClient(request: HttpRequest, isStreamed: boolean): boolean {
  return isStreamed && request.header("x-nanoagent-permission")?.trim().toLowerCase() === "ask";
}

/** Returns the name of the model in a request, as the service finds it. */
export function readModelId(body: Fields): string | undefined {
  return readText(body, "model");
}

/** Throws {@link ServiceError} if a call is required of a model that cannot call tools. */
export function checkRequiredCall(model: ServedModel, ask: Ask): void {
  if (ask.callerTools?.choice !== "required" || model.facts.callsTools !== false) return;
  throw ServiceError.invalid(
    "tool_choice",
    "tool_choice requires a call, but this model cannot call tools.",
    "Leave tool_choice out, or choose another model for the agent.",
  );
}

/** Returns an error about a message's role. `roles` names those that the API has. */
export function unknownRole(
  role: unknown,
  param: string,
  roles: string,
  hint = "Correct the role of the message.",
): ServiceError {
  return ServiceError.invalid(param, `${param} must be ${roles}, not ${shown(role)}.`, hint);
}

/** Whether a field is present and not null. */
export function hasField(fields: Fields, name: string): boolean {
  return fieldOf(fields, name) !== undefined;
}
