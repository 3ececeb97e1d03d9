import type { CallForm, NamedCall } from "../call-form.js";
import { decodeJson } from "./json-call.js";

/** `<tool_call>{"name": …, "arguments": …}</tool_call>`, one per call. */
export const jsonInTags: CallForm = {
  name: "JSON in tags",
  marks: ["<tool_call>", "<|tool_call|>", "<function_call>", "<|python_tag|>"],
  notation: "json",
  encode: (calls) => calls.map((call) => `<tool_call>\n${objectOf(call, "arguments")}\n</tool_call>`).join("\n"),
  decode: (text, isName) => decodeJson(text, isName, { isTagged: true, isList: false }),
};

/** `[TOOL_CALLS][{"name": …, "arguments": …}]`: all calls of a reply in one list after a tag. */
export const jsonList: CallForm = {
  name: "JSON list after a tag",
  marks: ["[TOOL_CALLS]", "<|tool_call|>", "<TOOLCALL>", "<|START_ACTION|>", "<|tools_prefix|>"],
  notation: "json",
  encode: (calls) => `[TOOL_CALLS][${calls.map((call) => objectOf(call, "arguments")).join(", ")}]`,
  decode: (text, isName) => decodeJson(text, isName, { isTagged: true, isList: true }),
};

/** `{"name": …, "parameters": …}` without a tag. */
export const bareJson: CallForm = {
  name: "JSON without tags",
  marks: [],
  notation: "json",
  encode: (calls) => calls.map((call) => objectOf(call, "parameters")).join("; "),
  decode: (text, isName) => decodeJson(text, isName, { isTagged: false, isList: false }),
};

/** `[{"name": …, "arguments": …}]` without a tag. */
export const bareJsonList: CallForm = {
  name: "JSON list without tags",
  marks: [],
  notation: "json",
  encode: (calls) => `[${calls.map((call) => objectOf(call, "arguments")).join(", ")}]`,
  decode: (text, isName) => decodeJson(text, isName, { isTagged: false, isList: true }),
};

function objectOf({ name, arguments: input }: NamedCall, key: string): string {
  return `{"name": ${JSON.stringify(name)}, "${key}": ${JSON.stringify(input)}}`;
}
