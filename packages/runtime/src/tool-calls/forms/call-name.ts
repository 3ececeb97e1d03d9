import { exactOrText } from "../../json/exact-json.js";
import { type CallForm, type DecodedCalls, MAX_DECODED_CHARACTERS, type PlacedCall } from "../call-form.js";
import { jsonWithoutTags } from "../keyed-text.js";
import { LiteralReader, orNull } from "../literal-reader.js";
import { tagAfter, tagBefore } from "../tags.js";

const callPattern = /\bcall:([A-Za-z][\w-]{0,80})\s*\{/g;
/** Marks around texts, by family: control tokens, so that the text needs no escapes. */
const textMarks = ["<escape>", '<|"|>'];

/** `<start_function_call>call:NAME{key:<escape>value<escape>,count:3}<end_function_call>`. */
export const callName: CallForm = callNameForm("call:name", "<escape>", "<start_function_call>", "<end_function_call>");

/** `<|tool_call>call:NAME{key:<|"|>value<|"|>,count:3}<tool_call|>`. */
export const callNameInBars: CallForm = callNameForm("call:name in bars", '<|"|>', "<|tool_call>", "<tool_call|>");

function callNameForm(name: string, textMark: string, opening: string, closing: string): CallForm {
  const write = (value: unknown): string => {
    if (typeof value === "string")
      return value.includes(textMark) ? jsonWithoutTags(value) : textMark + value + textMark;
    if (Array.isArray(value)) return `[${value.map(write).join(",")}]`;
    if (typeof value !== "object" || value === null) return JSON.stringify(value ?? null);
    return `{${Object.entries(value).map(writeEntry).join(",")}}`;
  };
  const writeEntry = ([key, value]: [string, unknown]) =>
    `${/^[A-Za-z_][\w-]*$/.test(key) ? key : jsonWithoutTags(key)}:${write(value)}`;
  return {
    name,
    marks: [opening],
    notation: {
      open: (key) => `${key}:`,
      close: "",
      separator: ",",
      textMark,
      textIs: "raw",
      words: { true: "true", false: "false", null: "null" },
    },
    encode: (calls) =>
      calls.map(({ name, arguments: input }) => `${opening}call:${name}${write(input)}${closing}`).join(""),
    decode: (text, isName) => (text.length > MAX_DECODED_CHARACTERS ? null : decodeCallName(text, isName, textMark)),
  };
}

function decodeCallName(text: string, isName: (name: string) => boolean, textMark: string): DecodedCalls | null {
  const calls: PlacedCall[] = [];
  let start = 0;
  let end = 0;
  let isMarked = false;
  callPattern.lastIndex = 0;
  for (let found = callPattern.exec(text); found !== null; found = callPattern.exec(text)) {
    const name = found[1] ?? "";
    const tag = tagBefore(text, found.index);
    if (calls.length > 0 && text.slice(end, tag?.start ?? found.index).trim() !== "") break;
    if (!isName(name)) continue;
    const argumentsStart = found.index + found[0].length;
    const reader = new LiteralReader(text, argumentsStart, textMarks);
    const input = orNull(() => reader.entries("}", ":"));
    if (input === null) break;
    // Each family has its own marks. Without a text value, both notations are the same.
    const written = text.slice(argumentsStart, reader.at);
    if (!written.includes(textMark) && textMarks.some((mark) => written.includes(mark))) return null;
    if (calls.length === 0) {
      start = tag?.start ?? found.index;
      isMarked = tag !== null;
    }
    const nameStart = found.index + "call:".length;
    calls.push({
      name,
      arguments: exactOrText(input),
      nameStart,
      nameEnd: nameStart + name.length,
      argumentsStart,
      argumentsEnd: reader.at - 1,
    });
    end = reader.at;
    const closing = tagAfter(text, end);
    if (closing !== null && /end|^<[^|]+\|>$|\//.test(text.slice(closing.start, closing.end))) end = closing.end;
    callPattern.lastIndex = end;
  }
  return calls.length === 0 ? null : { start, end, calls, isMarked };
}
