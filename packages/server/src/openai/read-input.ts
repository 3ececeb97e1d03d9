import { ServiceError } from "../errors/service-error.js";
import { type Fields, isFields, shown, wrongType } from "../requests/request-fields.js";
import { readContent } from "../turns/read-content.js";
import type { ClientMessage } from "../turns/split-messages.js";
import { readCall, readCallId } from "./read-calls.js";
import { MAX_MESSAGES, unknownRole } from "./reply-request.js";

/** Clients that believe that their earlier items are stored here send only their ids. */
const STORE_HINT =
  "Send the item itself. In the AI SDK, set providerOptions.openai.store to false, or use openai.chat(…) instead.";

/** Returns the messages in the input of a response: a text, or a list of items. Throws {@link ServiceError}. */
export function readInput(input: unknown): ClientMessage[] {
  if (typeof input === "string") return [{ role: "user", content: input }];
  if (!Array.isArray(input)) throw wrongType("input", "a text or a list of items", input, "Send the user's message.");
  if (input.length === 0) {
    throw ServiceError.invalid("input", "input has no items.", "Send at least one message of the user.");
  }
  if (input.length > MAX_MESSAGES) {
    throw ServiceError.invalid(
      "input",
      `input has ${input.length} items. The limit is ${MAX_MESSAGES}.`,
      "Leave out the oldest ones.",
    );
  }
  const messages: ClientMessage[] = [];
  for (const [index, item] of input.entries()) {
    const message = readItem(item, `input[${index}]`);
    const last = messages.at(-1);
    // A reply with calls is several items here, and one message for the agent.
    if (message?.role === "assistant" && last?.role === "assistant")
      messages[messages.length - 1] = join(last, message);
    else if (message !== null) messages.push(message);
  }
  return messages;
}

function join(one: ClientMessage, other: ClientMessage): ClientMessage {
  const tool_calls = [...(one.tool_calls ?? []), ...(other.tool_calls ?? [])];
  return { role: "assistant", content: one.content + other.content, ...(tool_calls.length > 0 && { tool_calls }) };
}

/** Returns the message of an item, or null for an item that agents do not read. */
function readItem(item: unknown, param: string): ClientMessage | null {
  if (!isFields(item)) throw wrongType(param, "an object", item);
  switch (item.type ?? "message") {
    case "message":
      return readMessage(item, param);
    case "function_call":
      return { role: "assistant", content: "", tool_calls: [readCall(item.call_id, `${param}.call_id`, item, param)] };
    case "function_call_output": {
      const tool_call_id = readCallId(item.call_id, `${param}.call_id`);
      return { role: "tool", content: readContent(item.output, `${param}.output`), tool_call_id };
    }
    // Models do not read their earlier reasoning.
    case "reasoning":
      return null;
    case "item_reference":
      throw ServiceError.invalid(
        param,
        `${param} refers to a stored item. This service does not store responses.`,
        STORE_HINT,
      );
    default:
      throw ServiceError.invalid(
        `${param}.type`,
        `${param}.type must be "message", "function_call" or "function_call_output", not ${shown(item.type)}.`,
        "Leave the item out, or send it as a message.",
      );
  }
}

function readMessage({ role, content }: Fields, param: string): ClientMessage {
  if (content === undefined || content === null) {
    throw wrongType(`${param}.content`, "a text or a list of parts", content, "Send the message's text in this field.");
  }
  switch (role) {
    case "system":
    case "developer":
      return { role: "system", content: readContent(content, `${param}.content`) };
    case "user":
    case "assistant":
      return { role, content: readContent(content, `${param}.content`) };
    default:
      throw unknownRole(
        role,
        `${param}.role`,
        '"system", "developer", "user" or "assistant"',
        role === "tool" ? 'Send the result of a tool as an item of the type "function_call_output".' : undefined,
      );
  }
}
