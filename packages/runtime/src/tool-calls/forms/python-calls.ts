import { exactOrText } from "../../json/exact-json.js";
import { type CallForm, type DecodedCalls, MAX_DECODED_CHARACTERS, type PlacedCall } from "../call-form.js";
import { plainName } from "../known-name.js";
import { LiteralReader, orNull } from "../literal-reader.js";
import { skipSpace, tagAfter, tagBefore } from "../tags.js";

/** Most positions of a text that are tried as a call. */
const MAX_ATTEMPTS = 16;
const callPattern = /(?<![\w.])((?:functions?\.|tools?\.|default_api\.)?[A-Za-z][\w-]{0,80})\(/g;
const nextPattern = /[\s,;]*((?:functions?\.|tools?\.|default_api\.)?[A-Za-z][\w-]{0,80})\(/y;

/** `<|tool_call_start|>[NAME(key="value", count=3)]<|tool_call_end|>`, or only the list. */
export const pythonCalls: CallForm = {
  name: "Python calls",
  marks: ["<|tool_call_start|>", "<|python_start|>"],
  notation: {
    open: (key) => `${key}=`,
    close: "",
    separator: ", ",
    textMark: '"',
    textIs: "json",
    words: { true: "True", false: "False", null: "None" },
  },
  encode: (calls) => {
    const written = calls.map(({ name, arguments: input }) => {
      const parts = Object.entries(input as object).map(([key, value]) =>
        isWord(key) ? `${key}=${writePython(value)}` : `**{${JSON.stringify(key)}: ${writePython(value)}}`,
      );
      return `${name}(${parts.join(", ")})`;
    });
    return `<|tool_call_start|>[${written.join(", ")}]<|tool_call_end|>`;
  },
  decode: decodePython,
};

function decodePython(text: string, isName: (name: string) => boolean): DecodedCalls | null {
  if (text.length > MAX_DECODED_CHARACTERS) return null;
  callPattern.lastIndex = 0;
  let attempts = 0;
  for (let found = callPattern.exec(text); found !== null && attempts < MAX_ATTEMPTS; found = callPattern.exec(text)) {
    if (!isName(plainName(found[1] ?? ""))) continue;
    attempts += 1;
    const calls: PlacedCall[] = [];
    let end = found.index;
    nextPattern.lastIndex = found.index;
    for (let next = nextPattern.exec(text); next !== null; next = nextPattern.exec(text)) {
      const call = callAt(text, next, isName);
      if (call === null) break;
      calls.push(call);
      end = call.argumentsEnd + 1;
      nextPattern.lastIndex = end;
    }
    if (calls.length > 0) return surrounded(text, found.index, end, calls);
  }
  return null;
}

function callAt(text: string, found: RegExpExecArray, isName: (name: string) => boolean): PlacedCall | null {
  const decorated = found[1] ?? "";
  const name = plainName(decorated);
  if (!isName(name)) return null;
  const argumentsStart = found.index + found[0].length;
  const reader = new LiteralReader(text, argumentsStart);
  const input = orNull(() => reader.entries(")", "="));
  if (input === null) return null;
  const nameEnd = argumentsStart - 1;
  return {
    name,
    arguments: exactOrText(input),
    nameStart: nameEnd - name.length,
    nameEnd,
    argumentsStart,
    argumentsEnd: reader.at - 1,
  };
}

/** Extends the range to the list around the calls and the tags around it. */
function surrounded(text: string, from: number, to: number, calls: readonly PlacedCall[]): DecodedCalls {
  let start = from;
  let end = to;
  const before = text.slice(0, from).trimEnd();
  const after = skipSpace(text, to);
  const isList = before.endsWith("[") && text[after] === "]";
  if (isList) {
    start = before.length - 1;
    end = after + 1;
  }
  const opening = tagBefore(text, start);
  const closing = opening === null ? null : tagAfter(text, end);
  return { start: opening?.start ?? start, end: closing?.end ?? end, calls, isMarked: opening !== null };
}

function writePython(value: unknown): string {
  if (value === true) return "True";
  if (value === false) return "False";
  if (value === null || value === undefined) return "None";
  if (Array.isArray(value)) return `[${value.map(writePython).join(", ")}]`;
  if (typeof value !== "object") return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${writePython(item)}`);
  return `{${entries.join(", ")}}`;
}

function isWord(key: string): boolean {
  return /^[A-Za-z_]\w*$/.test(key);
}
