import { exactOrText } from "../../json/exact-json.js";
import { type CallForm, type DecodedCalls, MAX_DECODED_CHARACTERS, type PlacedCall } from "../call-form.js";
import { plainName } from "../known-name.js";
import { jsonTextOf, readPlacedJson } from "../placed-json.js";
import { isCallTag, skipSpace, tagAfter, tagBefore } from "../tags.js";

/**
 * A name, and everything that families write between it and the arguments: tags, a fence, the kind of content, a
 * number.
 */
const nameBeforeArguments =
  /((?:to=)?(?:functions?[.:])?[A-Za-z][\w.-]{0,80})"?>?(:\d{1,3})?((?:<[^<>\s]{1,60}>|\[[A-Z_]{2,40}\]|```(?:json)?|\b(?:commentary|json|code)\b|\s)*)$/;
/** Most characters from the beginning of the name to the arguments. */
const MAX_HEAD_CHARACTERS = 240;
const MAX_ATTEMPTS = 16;

/** `[TOOL_CALLS]NAME[ARGS]{…}`, and `<tag>NAME<tag>{…}` as DeepSeek, Kimi and others write it. */
export const nameThenJson: CallForm = {
  name: "name, then JSON",
  marks: ["[TOOL_CALLS]", "<｜tool▁calls▁begin｜>", "<|tool_calls_section_begin|>"],
  notation: "json",
  encode: (calls) =>
    calls.map(({ name, arguments: input }) => `[TOOL_CALLS]${name}[ARGS]${JSON.stringify(input)}`).join(""),
  decode: (text, isName) => decodeApart(text, isName, /^(?!.*to=functions)/s),
};

/** ` to=functions.NAME<|channel|>commentary json<|message|>{…}`: the name is the recipient of a message. */
export const channelCall: CallForm = {
  name: "channel",
  marks: [" to=functions.", "commentary to=functions."],
  notation: "json",
  encode: (calls) =>
    calls
      .map(
        ({ name, arguments: input }) =>
          `<|channel|>commentary to=functions.${name} <|constrain|>json<|message|>${JSON.stringify(input)}<|call|>`,
      )
      .join("<|start|>assistant"),
  decode: (text, isName) => decodeApart(text, isName, /to=functions/),
};

function decodeApart(text: string, isName: (name: string) => boolean, head: RegExp): DecodedCalls | null {
  if (text.length > MAX_DECODED_CHARACTERS) return null;
  let from = 0;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const at = text.indexOf("{", from);
    if (at < 0) return null;
    const call = callAt(text, at, isName);
    if (call === null || !head.test(text.slice(Math.max(0, call.start), at))) {
      from = readPlacedJson(text, at)?.end ?? at + 1;
      continue;
    }
    const calls: PlacedCall[] = [call];
    let end = endOf(text, call.argumentsEnd);
    for (let next = text.indexOf("{", end); next >= 0; next = text.indexOf("{", end)) {
      const more = callAt(text, next, isName);
      if (more === null || more.start > end || more.nameStart < end) break;
      calls.push(more);
      end = endOf(text, more.argumentsEnd);
    }
    return { start: call.start, end, calls, isMarked: call.isMarked };
  }
  return null;
}

function callAt(
  text: string,
  at: number,
  isName: (name: string) => boolean,
): (PlacedCall & { start: number; isMarked: boolean }) | null {
  const head = text.slice(Math.max(0, at - MAX_HEAD_CHARACTERS), at);
  const found = nameBeforeArguments.exec(head);
  if (found === null) return null;
  const [, decorated = "", , between = ""] = found;
  const name = plainName(decorated);
  const input = isName(name) ? readPlacedJson(text, at) : null;
  if (input === null) return null;
  const decoratedStart = at - head.length + found.index;
  const nameStart = decoratedStart + decorated.lastIndexOf(name);
  const { start, isMarked } = openingOf(text, decoratedStart);
  return {
    name,
    arguments: exactOrText(jsonTextOf(input)),
    nameStart,
    nameEnd: nameStart + name.length,
    argumentsStart: at,
    argumentsEnd: input.end,
    start,
    isMarked: isMarked || /[<[]/.test(between) || decorated.startsWith("to="),
  };
}

/** Goes back over the tags before a name: those of a list of calls, and the kind of call in between. */
function openingOf(text: string, end: number): { start: number; isMarked: boolean } {
  let start = end;
  for (;;) {
    const word = /(?:function|commentary|assistant|<function=|<invoke name=")\s*$/.exec(
      text.slice(Math.max(0, start - 20), start),
    );
    const at = start - (word?.[0].length ?? 0);
    const tag = tagBefore(text, at);
    if (tag === null || !isOfCall(text.slice(tag.start, tag.end))) {
      const isOpen = /^[<c]/.test(word?.[0] ?? "");
      return { start: isOpen ? at : start, isMarked: isOpen || start < end };
    }
    start = tag.start;
  }
}

function isOfCall(tag: string): boolean {
  return isCallTag(tag) || /channel|start|sep/i.test(tag);
}

/** Skips a fence and the tags that end a call. */
function endOf(text: string, from: number): number {
  let end = from;
  const fence = skipSpace(text, end);
  if (text.startsWith("```", fence)) end = fence + 3;
  for (let tag = tagAfter(text, end); tag !== null; tag = tagAfter(text, end)) {
    const isClosing = /\/|end|^<\|call\|>/i.test(text.slice(tag.start, tag.end));
    if (!isClosing) break;
    end = tag.end;
  }
  return end;
}
