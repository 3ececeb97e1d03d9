/** A message in the form that chat templates read. */
export interface ChatMessage {
  role: string;
  content: string;
  tool_calls?: ChatCall[];
  tool_call_id?: string;
  name?: string;
}

/** A tool call in an assistant message. */
export interface ChatCall {
  id: string;
  type: "function";
  function: { name: string; arguments: unknown };
}

/** Prepends a system message to the next message, for models without a system role. */
export function withoutSystem(messages: readonly ChatMessage[]): ChatMessage[] {
  const [first, second, ...rest] = messages;
  if (first?.role !== "system" || second === undefined) return [...messages];
  return [{ ...second, content: `${first.content}\n\n${second.content}` }, ...rest];
}
