import { type CallForm, type DecodedCalls, MAX_DECODED_CHARACTERS, type PlacedCall } from "../call-form.js";
import { readKey, readUntyped, writeKey, writeUntyped } from "../keyed-text.js";
import { skipSpace, tagAfter, tagBefore } from "../tags.js";

/** `<function=NAME>`, `<invoke name="NAME">`. */
const callPattern = /<(?:[^<>\s=]{0,30}?)(function|invoke|tool)(?:=|\s+name\s*=\s*)"?([\w.-]{1,80})"?\s*>/g;
/** `<parameter=KEY>`, `<parameter name="KEY">`, with or without other attributes. */
const keyPattern =
  /<(?:[^<>\s=]{0,30}?)parameter(?:=|\s+name\s*=\s*)("(?:[^"\\<>]|\\.)*"|[^\s<>"]{1,200})(?:\s[^<>]{0,80})?>/y;
const closePattern = /<\/[^<>\s]{0,30}?parameter>/g;
const endPattern = /<\/[^<>\s]{0,30}?(?:function|invoke|tool)>/y;
/** Text after the end of a value: the next key, or the end of the call. A closing tag within a value is skipped. */
const followsValue = /\s*(?:<[^<>\s=]{0,30}?parameter(?:=|\s)|<\/[^<>\s]{0,30}?(?:function|invoke|tool)>|<\/|$)/y;
const MAX_ATTEMPTS = 16;

/** `<tool_call><function=NAME><parameter=KEY>` value `</parameter></function></tool_call>`. */
export const xmlParameters: CallForm = {
  name: "XML parameters",
  marks: ["<tool_call>", "<seed:tool_call>", "<minimax:tool_call>", "<function="],
  notation: {
    open: (key) => `<parameter=${writeKey(key)}>\n`,
    close: "\n</parameter>",
    separator: "\n",
    textMark: "",
    textIs: "raw",
    words: { true: "true", false: "false", null: "null" },
  },
  encode: (calls) =>
    calls
      .map(({ name, arguments: input }) => {
        const parameters = Object.entries(input as object).map(
          ([key, value]) => `<parameter=${writeKey(key)}>\n${writeUntyped(value)}\n</parameter>\n`,
        );
        return `<tool_call>\n<function=${name}>\n${parameters.join("")}</function>\n</tool_call>`;
      })
      .join("\n"),
  decode: decodeXml,
};

function decodeXml(text: string, isName: (name: string) => boolean): DecodedCalls | null {
  if (text.length > MAX_DECODED_CHARACTERS) return null;
  const calls: PlacedCall[] = [];
  let start = 0;
  let end = 0;
  callPattern.lastIndex = 0;
  for (let attempt = 0; attempt < MAX_ATTEMPTS * (calls.length + 1); attempt++) {
    const found = callPattern.exec(text);
    if (found === null) break;
    const [head, , name = ""] = found;
    const tag = tagBefore(text, found.index);
    const opening = tag?.start ?? found.index;
    // Only tags may separate the calls of a reply.
    if (calls.length > 0 && (opening > end ? text.slice(end, opening) : "").trim() !== "") break;
    if (!isName(name)) {
      if (calls.length > 0) break;
      continue;
    }
    const nameStart = found.index + head.lastIndexOf(name);
    const body = readParameters(text, found.index + head.length);
    if (body === null) break;
    if (calls.length === 0) start = opening;
    calls.push({
      name,
      arguments: body.input,
      nameStart,
      nameEnd: nameStart + name.length,
      argumentsStart: found.index + head.length,
      argumentsEnd: body.inputEnd,
    });
    end = body.end;
    const closing = tagAfter(text, end);
    if (closing !== null && text.startsWith("</", closing.start)) end = closing.end;
    callPattern.lastIndex = end;
  }
  return calls.length === 0 ? null : { start, end, calls, isMarked: true };
}

/** Reads keys and values up to the end of the call. Returns null where the end is missing. */
function readParameters(text: string, from: number): { input: object; inputEnd: number; end: number } | null {
  const entries: [string, unknown][] = [];
  let inputEnd = from;
  for (let at = skipSpace(text, from); ; at = skipSpace(text, inputEnd)) {
    keyPattern.lastIndex = at;
    const key = keyPattern.exec(text);
    if (key === null) {
      endPattern.lastIndex = at;
      const end = endPattern.exec(text);
      return end === null ? null : { input: Object.fromEntries(entries), inputEnd, end: at + end[0].length };
    }
    const valueStart = at + key[0].length;
    const close = closeOf(text, valueStart);
    if (close === null) return null;
    entries.push([readKey(key[1] ?? ""), readUntyped(text.slice(valueStart, close.start).replace(/^\n|\n$/g, ""))]);
    inputEnd = close.end;
  }
}

function closeOf(text: string, from: number): { start: number; end: number } | null {
  closePattern.lastIndex = from;
  for (let found = closePattern.exec(text); found !== null; found = closePattern.exec(text)) {
    const end = found.index + found[0].length;
    followsValue.lastIndex = end;
    if (followsValue.test(text)) return { start: found.index, end };
  }
  return null;
}
