import { cutText } from "@nanoagent/models";
import type { EngineMessage, EngineTool, ToolCall } from "../engines/engine.js";

/** Name that a model writes when it chooses no tool. */
export const NO_TOOL = "none";
/** Most characters of a message that are repeated before its tool, because small models rely on the text read last. */
const MAX_REPEATED_CHARACTERS = 200;
/** Longest signature of a tool's arguments in the prompt. The grammar enforces all of them anyway. */
const MAX_SIGNATURE_CHARACTERS = 240;

/**
 * Describes tools to a model without training for calls, as a list to continue: `"Waters a zone" -> water {"zone":
 * "north"|"south"}`.
 */
export function describeTools(tools: readonly EngineTool[]): string {
  const lines = tools.map((tool) => {
    const description = tool.description.trim().replace(/\s+/g, " ").replace(/\.$/, "");
    return `${JSON.stringify(description)} -> ${tool.name} ${signatureOf(tool.inputSchema)}`;
  });
  return ["Tools:", ...lines, `"Anything else" -> ${NO_TOOL}`].join("\n");
}

/** Returns the text before the choice of a tool for a message. */
export function leadTo(message: string): string {
  return `${JSON.stringify(cutText(message, MAX_REPEATED_CHARACTERS))} ->`;
}

/** Returns a call in the notation of that list. */
export function describeCall(message: string, { name, arguments: input }: ToolCall): string {
  return `${leadTo(message)} ${name} ${JSON.stringify(input)}`;
}

export function describeResult(content: string, name: string | undefined): string {
  return `Result${name === undefined ? "" : ` of ${name}`}: ${content}`;
}

/** Returns the user message that the message at `index` belongs to. */
export function askedBefore(messages: readonly EngineMessage[], index: number): string {
  return messages.findLast(({ role }, at) => role === "user" && at <= index)?.content ?? "";
}

function signatureOf(schema: object): string {
  const { properties = {}, required = [] } = schema as { properties?: Record<string, unknown>; required?: unknown };
  const isRequired = (key: string) => Array.isArray(required) && required.includes(key);
  const parts = Object.entries(properties).map(
    ([key, property]) => `${JSON.stringify(key)}${isRequired(key) ? "" : "?"}: ${typeOf(property)}`,
  );
  const text = `{${parts.join(", ")}}`;
  return text.length > MAX_SIGNATURE_CHARACTERS ? `${cutText(text, MAX_SIGNATURE_CHARACTERS)}…}` : text;
}

function typeOf(property: unknown): string {
  const { enum: values, type } = (property ?? {}) as { enum?: unknown; type?: unknown };
  if (Array.isArray(values)) return values.map((value) => JSON.stringify(value)).join("|");
  return typeof type === "string" ? type : "any";
}
