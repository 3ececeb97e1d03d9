/** A message as chat templates know it. */
export interface ChatMessage {
  role: string;
  content: string;
  tool_calls?: ChatCall[];
  tool_call_id?: string;
  name?: string;
}

/** A call in a message of the assistant's. */
export interface ChatCall {
  id: string;
  type: "function";
  function: { name: string; arguments: unknown };
}

/** Moves a system message to the beginning of the message after it, for models that know no system role. */
export function withoutSystem(messages: readonly ChatMessage[]): ChatMessage[] {
  const [first, second, ...rest] = messages;
  if (first?.role !== "system" || second === undefined) return [...messages];
  return [{ ...second, content: `${first.content}\n\n${second.content}` }, ...rest];
}
