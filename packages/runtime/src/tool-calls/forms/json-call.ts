import { exactOrText } from "../../json/exact-json.js";
import { type DecodedCalls, MAX_DECODED_CHARACTERS, type PlacedCall } from "../call-form.js";
import { jsonTextOf, type PlacedJson, readPlacedJson } from "../placed-json.js";
import { skipSpace, tagAfter, tagBefore } from "../tags.js";

/** Keys that models use for the name of a tool, and for its arguments. */
export const nameKeys: readonly string[] = ["name", "tool_name", "function_name", "tool", "function", "action"];
export const argumentKeys: readonly string[] = [
  "arguments",
  "parameters",
  "args",
  "input",
  "params",
  "tool_input",
  "action_input",
  "kwargs",
];
/** Keys whose value is a call or a list of calls. */
export const wrapperKeys: readonly string[] = [
  "function",
  "function_call",
  "tool_call",
  "tool_calls",
  "calls",
  "tool_uses",
];
/** Keys that may accompany a call and are ignored. */
export const sideKeys: readonly string[] = ["id", "type", "call_id", "tool_call_id", "index", "thought", "reasoning"];
/** Most positions of a text that are tried as JSON. Prose has few brackets. */
const MAX_ATTEMPTS = 16;

/** Returns the arguments of a call: an object, or its text. */
function argumentsOf(placed: PlacedJson): unknown {
  if (placed.kind === "other" && placed.value === "null") return {};
  if (placed.kind !== "text") return exactOrText(jsonTextOf(placed));
  if (placed.value.trim() === "") return {};
  const inner = readPlacedJson(placed.value, skipSpace(placed.value, 0));
  return inner?.kind === "object" ? exactOrText(jsonTextOf(inner)) : placed.value;
}

/** Returns the calls in a JSON value, or null where it is something else. */
function callsOf(placed: PlacedJson, isName: (name: string) => boolean): PlacedCall[] | null {
  if (placed.kind === "list") {
    const calls = placed.items.map((item) => callsOf(item, isName));
    return calls.length === 0 || calls.includes(null) ? null : calls.flatMap((call) => call ?? []);
  }
  if (placed.kind !== "object") return null;
  return wrappedCalls(placed, isName) ?? namedCalls(placed, isName) ?? keyedCalls(placed, isName);
}

/** `{"function": {"name": …, "arguments": …}}`, `{"tool_calls": [{…}]}`. */
function wrappedCalls({ entries }: PlacedJson, isName: (name: string) => boolean): PlacedCall[] | null {
  const [wrapper, ...others] = entries.filter(({ key }) => !sideKeys.includes(key));
  if (wrapper === undefined || others.length > 0 || !wrapperKeys.includes(wrapper.key)) return null;
  return callsOf(wrapper.value, isName);
}

/** `{"name": …, "arguments": …}`, possibly two calls in one object, or with the arguments next to the name. */
function namedCalls(object: PlacedJson, isName: (name: string) => boolean): PlacedCall[] | null {
  const calls: { name: PlacedJson | null; input: PlacedJson | null }[] = [];
  const others: PlacedJson["entries"][number][] = [];
  for (const entry of object.entries) {
    const isOfName = nameKeys.includes(entry.key) && entry.value.kind === "text" && isName(entry.value.value);
    const last = calls.at(-1);
    if (isOfName) {
      if (last !== undefined && last.name === null) last.name = entry.value;
      else calls.push({ name: entry.value, input: null });
    } else if (argumentKeys.includes(entry.key)) {
      if (last !== undefined && last.input === null) last.input = entry.value;
      else calls.push({ name: null, input: entry.value });
    } else if (!sideKeys.includes(entry.key)) others.push(entry);
  }
  const [only] = calls;
  if (only === undefined || calls.some(({ name }) => name === null)) return null;
  if (others.length === 0) return calls.map(({ name, input }) => placedCall(name as PlacedJson, input, object));
  if (calls.length > 1 || only.input !== null) return null;
  return [placedCall(only.name as PlacedJson, { ...object, entries: others }, object)];
}

/** `{"water_zone": {"zone": "north"}}`. */
function keyedCalls(object: PlacedJson, isName: (name: string) => boolean): PlacedCall[] | null {
  const { entries } = object;
  if (entries.length === 0 || !entries.every(({ key, value }) => isName(key) && value.kind === "object")) return null;
  return entries.map(({ key, value }) => ({
    ...placedCall({ ...value, value: key }, value, object),
    nameEnd: value.start,
  }));
}

function placedCall(name: PlacedJson, input: PlacedJson | null, { start, end }: PlacedJson): PlacedCall {
  return {
    name: name.value,
    arguments: input === null ? {} : argumentsOf(input),
    nameStart: name.start + 1,
    nameEnd: name.end - 1,
    argumentsStart: input?.start ?? start,
    argumentsEnd: input?.end ?? end,
  };
}

/** A family's use of JSON: one object per call or a list, with or without a tag before it. */
export interface JsonDress {
  readonly isTagged: boolean;
  readonly isList: boolean;
}

/** Returns the first calls of a text in this form, and those that follow directly. */
export function decodeJson(text: string, isName: (name: string) => boolean, dress: JsonDress): DecodedCalls | null {
  if (text.length > MAX_DECODED_CHARACTERS) return null;
  let from = 0;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const at = text.slice(from).search(/[{[]/) + from;
    if (at < from) return null;
    const first = readPlacedJson(text, at);
    const calls = first === null ? null : callsOf(first, isName);
    const tag = tagBefore(text, at);
    if (first === null || calls === null) from = first?.end ?? at + 1;
    else if ((tag !== null) !== dress.isTagged || (first.kind === "list") !== dress.isList) return null;
    else return withFollowing(text, isName, { start: tag?.start ?? at, end: first.end, calls, isMarked: tag !== null });
  }
  return null;
}

function withFollowing(text: string, isName: (name: string) => boolean, first: DecodedCalls): DecodedCalls {
  const calls = [...first.calls];
  let end = first.isMarked ? (closingAfter(text, first.end) ?? first.end) : first.end;
  for (;;) {
    let at = skipSpace(text, end);
    if (",;".includes(text[at] ?? " ")) at = skipSpace(text, at + 1);
    const tag = first.isMarked ? tagAfter(text, at) : null;
    const next = readPlacedJson(text, skipSpace(text, tag?.end ?? at));
    const more = next === null ? null : callsOf(next, isName);
    if (next === null || more === null) return { ...first, end, calls };
    calls.push(...more);
    end = first.isMarked ? (closingAfter(text, next.end) ?? next.end) : next.end;
  }
}

/** Returns the end of a closing tag, which is a tag without another value after it, or null. */
function closingAfter(text: string, end: number): number | null {
  const tag = tagAfter(text, end);
  if (tag === null) return null;
  const isOpening =
    /[{[]/.test(text[skipSpace(text, tag.end)] ?? "") && !/\/|end/i.test(text.slice(tag.start, tag.end));
  return isOpening ? null : tag.end;
}
