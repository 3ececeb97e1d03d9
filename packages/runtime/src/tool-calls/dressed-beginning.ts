import { argumentKeys, nameKeys, sideKeys, wrapperKeys } from "./forms/json-call.js";
import { knownName } from "./known-name.js";
import { isCallTag } from "./tags.js";

/** Most characters needed to distinguish a call from other text. After them it is held back to its end. */
const DECIDING_CHARACTERS = 200;
/** Prefixes that models add to the name of a tool. */
const decorations = ["", "functions.", "tools.", "default_api.", "call:", "to=functions.", "commentary to=functions."];

/**
 * Whether a text may become a call, judged by its beginning: a fence, a tag, a bracket, a key or a name that begins a
 * call. Once false, more text cannot change that. `names` are the tool names.
 */
export function mayBecomeCall(text: string, names: readonly string[]): boolean {
  const start = text.slice(0, DECIDING_CHARACTERS);
  if (!start.startsWith("`")) return mayBeBare(start, names);
  const inner = /^`(?:``[\w-]{0,16})?(.*)$/s.exec(start)?.[1] ?? "";
  if (inner.startsWith("`")) return "```".startsWith(start);
  return inner.trimStart() === "" || mayBeBare(inner.trimStart(), names);
}

function mayBeBare(text: string, names: readonly string[]): boolean {
  const first = text[0] ?? "";
  if (first === "<") return mayBeTag(text);
  if (first === "{") return mayBeObject(text, names);
  if (first !== "[") return mayBeNamed(text, names);
  const tag = /^\[[A-Z][A-Z_]*(\]?)/.exec(text);
  if (tag !== null) return tag[1] === "]" ? isCallTag(tag[0]) : tag[0] === text || mayBeNamed(text.slice(1), names);
  const inner = text.slice(1).trimStart();
  return inner === "" || mayBeBare(inner, names);
}

function mayBeTag(text: string): boolean {
  const [tag = ""] = /^<[^<>\s]{0,60}/.exec(text) ?? [];
  const isWhole = text.length > tag.length;
  return isWhole ? isCallTag(tag) || /^<\|(?:channel|start)\|/.test(tag) : true;
}

/** `name(`, `functions.name{`, `name[ARGS]`: a name followed by characters that do not occur in a sentence. */
function mayBeNamed(text: string, names: readonly string[]): boolean {
  return names.some((name) =>
    decorations.some((decoration) => {
      const decorated = decoration + name;
      if (decorated.startsWith(text)) return true;
      if (!text.startsWith(decorated)) return false;
      const rest = text.slice(decorated.length).trimStart();
      return rest === "" || /^(?:[({<`]|\[A|\[$|:\d*[{<]?$|:\d+[<{])/.test(rest);
    }),
  );
}

/** `{"name": "`, `{"water_zone": {`: an object whose first key belongs to a call. */
function mayBeObject(text: string, names: readonly string[]): boolean {
  const found = /^\{\s*(?:"([^"]*)("?)(?:\s*(:?)\s*(.*))?)?$/s.exec(text);
  if (found === null) return false;
  const [, key, keyEnd, colon, value = ""] = found;
  if (key === undefined) return true;
  const known = [...nameKeys, ...argumentKeys, ...wrapperKeys, ...sideKeys, ...names];
  if (keyEnd !== '"') return known.some((some) => some.startsWith(key));
  const isName = knownName(key, names) !== null;
  if (!known.includes(key) && !isName) return false;
  if (colon !== ":") return value === "";
  if (value === "") return true;
  if (wrapperKeys.includes(key) && /^[{[]/.test(value)) return mayBeBare(value, names);
  if (nameKeys.includes(key)) return mayBeName(value, names);
  if (key === "type") return '"function"'.startsWith(value) || value.startsWith('"function"');
  return isName ? value.startsWith("{") : true;
}

/** Whether a JSON value is the name of a tool, or the beginning of one. */
function mayBeName(value: string, names: readonly string[]): boolean {
  const found = /^"([^"]*)("?)/.exec(value);
  if (found === null) return false;
  const [, name = "", end] = found;
  if (end === '"') return knownName(name, names) !== null;
  // Decorated names and other letter case are only recognized once the name is complete.
  return names.some((some) => some.startsWith(name)) || mayBeOtherwise(name, names);
}

function mayBeOtherwise(name: string, names: readonly string[]): boolean {
  const fold = (text: string) => text.toLowerCase().replaceAll(/[^a-z\d]/g, "");
  const folded = fold(name);
  return names.some((some) =>
    ["", ...decorations].some((decoration) => {
      const whole = fold(decoration + some);
      return whole.startsWith(folded) || (folded.startsWith(whole) && /[<:(]/.test(name));
    }),
  );
}
