import type { ToolCall } from "@nanoagent/runtime";

/**
 * Returns the arguments of a call as JSON in a text. Arguments that are a text already are what the model wrote: JSON
 * with numbers that JavaScript would change, or text that is not JSON.
 */
export function callArguments({ arguments: given }: ToolCall): string {
  return typeof given === "string" ? given : JSON.stringify(given ?? {});
}
