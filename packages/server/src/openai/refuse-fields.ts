import { ServiceError } from "../errors/service-error.js";
import { type Fields, fieldOf } from "../requests/request-fields.js";

/** A field that asks for something that this service does not do: whether a value asks for it, and what to do. */
interface RefusedField {
  readonly asks: (value: unknown) => boolean;
  readonly message: string;
  readonly hint: string;
}

const always = () => true;

/** Fields that are refused. To ignore them would give a reply that the client did not ask for. */
const refused: Readonly<Record<string, RefusedField>> = {
  n: {
    asks: (value) => value !== 1,
    message: "n must be 1. This service writes one reply for each request.",
    hint: "Send the request again for another reply.",
  },
  logprobs: {
    asks: (value) => value !== false,
    message: "logprobs is not available. This service does not report probabilities of tokens.",
    hint: "Leave logprobs out.",
  },
  audio: { asks: always, message: "audio is not available. This agent writes only text.", hint: "Leave audio out." },
  previous_response_id: {
    asks: always,
    message: "previous_response_id is not available. This service does not store responses.",
    hint: "Send the whole conversation as input.",
  },
  conversation: {
    asks: always,
    message: "conversation is not available. This service does not store conversations for clients.",
    hint: "Send the whole conversation as input. The header x-conversation-id or the field user gives it an id.",
  },
  background: {
    asks: (value) => value !== false,
    message: "background is not available. This service answers within the request.",
    hint: "Leave background out, and use stream for long replies.",
  },
  prompt: {
    asks: always,
    message: "prompt is not available. This service has no stored prompts.",
    hint: "Send the text as instructions.",
  },
};

/** Throws {@link ServiceError} for the first of these fields that asks for something that this service does not do. */
export function refuseFields(body: Fields, names: readonly (keyof typeof refused)[]): void {
  for (const name of names) {
    const value = fieldOf(body, name);
    const row = refused[name];
    if (value !== undefined && row?.asks(value)) throw ServiceError.invalid(name, row.message, row.hint);
  }
}
