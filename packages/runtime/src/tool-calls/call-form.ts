/**
 * Form in which a model that was trained to call tools writes a call: `before`, the name, `between`, the arguments as JSON,
 * `after`. From `mark` on, a reply is a call.
 */
export interface CallForm {
  mark: string;
  before: string;
  between: string;
  after: string;
}

/** Call that a template is given to see how it writes calls: the same conversation with and without it. */
export const probe = {
  id: "abc123def",
  name: "probe_tool",
  arguments: { probe_argument: 1 },
  tool: {
    name: "probe_tool",
    description: "Probes.",
    inputSchema: { type: "object", properties: { probe_argument: { type: "integer" } } },
  },
} as const;

/** Tags as the families write them: `<tool_call>`, `<|tool_call|>`, `[TOOL_CALLS]`. */
const tag = /^\s*(<[^<>\s]+>|\[[A-Z_]+\])/;

/** Reads the form off a conversation that ends with the probe's call; null where it does not show the call. */
export function readCallForm(withoutCall: string, withCall: string, endTokens: readonly string[]): CallForm | null {
  let start = 0;
  while (start < withoutCall.length && withoutCall[start] === withCall[start]) start += 1;
  const call = withCall.slice(start);
  const [before, rest] = splitAt(call, probe.name);
  if (before === null || before.trim() === "") return null;
  const open = rest.indexOf("{");
  const close = rest.indexOf("}", open);
  if (open < 0 || close < 0 || !isProbeArguments(rest.slice(open, close + 1))) return null;
  let after = rest.slice(close + 1);
  for (const token of endTokens) if (token !== "") after = splitAt(after, token)[0] ?? after;
  const mark = tag.exec(before)?.[1] ?? before.trimStart();
  return { mark, before: before.slice(before.indexOf(mark)), between: rest.slice(0, open), after: after.trimEnd() };
}

function isProbeArguments(text: string): boolean {
  try {
    return JSON.parse(text).probe_argument === probe.arguments.probe_argument;
  } catch {
    return false;
  }
}

/** Returns the text before and after the first `part`; null and the whole text where it has none. */
function splitAt(text: string, part: string): [before: string | null, after: string] {
  const index = text.indexOf(part);
  return index < 0 ? [null, text] : [text.slice(0, index), text.slice(index + part.length)];
}
