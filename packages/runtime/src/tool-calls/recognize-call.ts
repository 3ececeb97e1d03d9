import type { EngineTool } from "../engines/engine.js";
import { mapNumbers, readExactJson } from "../json/exact-json.js";
import { ExactNumber } from "../json/exact-number.js";
import { checkValue } from "../json-schema/check-value.js";
import { convertSlips } from "../json-schema/convert-slips.js";
import { readSchema } from "../json-schema/read-schema.js";
import type { SchemaNode } from "../json-schema/schema-node.js";
import { SchemaNotSupportedError } from "../json-schema/schema-not-supported-error.js";
import type { DecodedCalls, NamedCall } from "./call-form.js";
import { callForms } from "./call-forms.js";
import { knownName } from "./known-name.js";
import { isCallTag } from "./tags.js";

/** Tags that end a reply, and the end of a fence. */
const onlyTags = /^(?:\s|<[^<>\s]{1,40}>|\[\/[A-Z_]{2,40}\]|```)*$/;

/**
 * Returns the calls of a text in any form: of any family, fenced or bare, with other keys, with decorated names.
 * Returns null unless the text consists only of calls of known tools with valid arguments.
 */
export function recognizeCalls(text: string, tools: readonly EngineTool[]): NamedCall[] | null {
  const names = tools.map(({ name }) => name);
  const isName = (name: string) => knownName(name, names) !== null;
  for (const candidate of candidatesOf(text)) {
    for (const form of callForms) {
      const decoded = form.decode(candidate, isName);
      if (decoded === null || !isAlone(candidate, decoded)) continue;
      const calls = decoded.calls.map((call) => fittingCall(call, tools, names));
      return calls.includes(null) ? null : calls.flatMap((call) => call ?? []);
    }
  }
  return null;
}

/** Returns the text without fences around it, and the same with missing brackets added at the end. */
function candidatesOf(text: string): string[] {
  const bare = text
    .trim()
    .replace(/^`(?!`)([^`]*)`$/s, "$1")
    .replace(/^```[\w-]*[ \t]*\n?/, "")
    .replaceAll(/\n?```\s*```[\w-]*[ \t]*\n/g, "\n")
    .replace(/\n?```$/, "");
  const whole = withMissingBrackets(bare);
  return whole === bare ? [bare] : [bare, whole];
}

const closingTag = /^\s*(?:<\/?[^<>\s]{1,40}>|\[\/[A-Z_]{2,40}\])/;

/**
 * Whether a text consists only of these calls. After a call in call tags, a model may continue with an invented result
 * and a claim, which are not part of the reply.
 */
function isAlone(text: string, { start, end }: DecodedCalls): boolean {
  if (text.slice(0, start).trim() !== "") return false;
  const rest = text.slice(end);
  if (onlyTags.test(rest)) return true;
  const [tag = ""] = /^\s*(?:<[^<>\s]{1,40}>|\[[A-Z_]{2,40}\])/.exec(text) ?? [];
  const closed = /(?:<\/?[^<>\s]{1,40}>|\[\/[A-Z_]{2,40}\])\s*$/;
  return isCallTag(tag.trim()) && (closed.test(text.slice(0, end)) || closingTag.test(rest));
}

/**
 * Adds missing closing brackets of JSON at its end, before the tags that end a call. Only where a bracket was closed
 * there or a tag closes the call: JSON that ends within a value, or before the next one, is not a call.
 */
function withMissingBrackets(text: string): string {
  const tags = /(?:\s*<\/?[^<>\s]{1,40}>)*\s*$/.exec(text)?.index ?? text.length;
  const open: string[] = [];
  let isInText = false;
  const start = text.search(/[{[](?=\s*["{])/);
  if (start < 0) return text;
  for (let at = start; at < tags; at++) {
    const character = text[at] as string;
    if (isInText && character === "\\") at += 1;
    else if (character === '"') isInText = !isInText;
    else if (isInText) continue;
    else if (character === "{" || character === "[") open.push(character === "{" ? "}" : "]");
    else if (character === "}" || character === "]") open.pop();
  }
  const isEnded = /[}\]]\s*$/.test(text.slice(0, tags)) || /^\s*<\//.test(text.slice(tags));
  return isInText || open.length === 0 || !isEnded
    ? text
    : text.slice(0, tags) + open.reverse().join("") + text.slice(tags);
}

/** Returns the call with the tool's exact name and arguments, or null where they do not fit. */
function fittingCall(
  { name: given, arguments: input }: NamedCall,
  tools: readonly EngineTool[],
  names: readonly string[],
) {
  const name = knownName(given, names);
  const tool = tools.find((tool) => tool.name === name);
  if (tool === undefined) return null;
  const schema = schemaOf(tool);
  // Numbers that JavaScript would change make the arguments arrive as text.
  const exact = typeof input === "string" ? readExactJson(input)?.value : input;
  const read = mapNumbers(exact, (number) => number.simplest);
  if (typeof read !== "object" || read === null || Array.isArray(read) || read instanceof ExactNumber) return null;
  const fits = schema === null || checkValue(schema, convertSlips(schema, read)).length === 0;
  return fits ? { name: tool.name, arguments: input } : null;
}

/** Returns the schema of a tool's arguments, or null where it cannot be read. Then only the tool validates them. */
function schemaOf({ inputSchema }: EngineTool): SchemaNode | null {
  try {
    return readSchema(inputSchema);
  } catch (error) {
    if (SchemaNotSupportedError.isInstance(error)) return null;
    throw error;
  }
}
