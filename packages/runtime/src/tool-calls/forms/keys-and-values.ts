import { type CallForm, type DecodedCalls, MAX_DECODED_CHARACTERS, type PlacedCall } from "../call-form.js";
import { readKey, readUntyped, writeKey, writeUntyped } from "../keyed-text.js";
import { skipSpace } from "../tags.js";

const callPattern = /<tool_call>\s*([\w.-]{1,80})\s*(?=<arg_key>|<\/tool_call>)/g;
const pairPattern =
  /<arg_key>\s*([^<>]*?)\s*<\/arg_key>\s*<arg_value>(.*?)<\/arg_value>(?=\s*<arg_key>|\s*<\/tool_call>)/suy;
const endPattern = /\s*<\/tool_call>/y;

/** `<tool_call>NAME<arg_key>KEY</arg_key><arg_value>` value `</arg_value></tool_call>`. */
export const keysAndValues: CallForm = {
  name: "keys and values in tags",
  marks: ["<tool_call>"],
  notation: {
    open: (key) => `<arg_key>${writeKey(key)}</arg_key>\n<arg_value>`,
    close: "</arg_value>",
    separator: "\n",
    textMark: "",
    textIs: "raw",
    words: { true: "true", false: "false", null: "null" },
  },
  encode: (calls) =>
    calls
      .map(({ name, arguments: input }) => {
        const pairs = Object.entries(input as object).map(
          ([key, value]) => `<arg_key>${writeKey(key)}</arg_key>\n<arg_value>${writeUntyped(value)}</arg_value>\n`,
        );
        return `<tool_call>${name}\n${pairs.join("")}</tool_call>`;
      })
      .join("\n"),
  decode: decodePairs,
};

function decodePairs(text: string, isName: (name: string) => boolean): DecodedCalls | null {
  if (text.length > MAX_DECODED_CHARACTERS) return null;
  const calls: PlacedCall[] = [];
  let start = 0;
  let end = 0;
  callPattern.lastIndex = 0;
  for (let found = callPattern.exec(text); found !== null; found = callPattern.exec(text)) {
    const [head, name = ""] = found;
    if (calls.length > 0 && text.slice(end, found.index).trim() !== "") break;
    if (!isName(name)) continue;
    const argumentsStart = found.index + head.length;
    const entries: [string, unknown][] = [];
    let at = argumentsStart;
    for (;;) {
      pairPattern.lastIndex = skipSpace(text, at);
      const pair = pairPattern.exec(text);
      if (pair === null) break;
      entries.push([readKey(pair[1] ?? ""), readUntyped(pair[2] ?? "")]);
      at = pair.index + pair[0].length;
    }
    endPattern.lastIndex = at;
    const close = endPattern.exec(text);
    if (close === null) break;
    const nameStart = found.index + head.indexOf(name, "<tool_call>".length);
    if (calls.length === 0) start = found.index;
    calls.push({
      name,
      arguments: Object.fromEntries(entries),
      nameStart,
      nameEnd: nameStart + name.length,
      argumentsStart,
      argumentsEnd: at,
    });
    end = at + close[0].length;
    callPattern.lastIndex = end;
  }
  return calls.length === 0 ? null : { start, end, calls, isMarked: true };
}
