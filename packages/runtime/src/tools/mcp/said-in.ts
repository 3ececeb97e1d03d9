import { mapNumbers, readExactJson } from "../../json/exact-json.js";

/** Larger data is not searched, and its texts are shown as well. */
const MAX_DATA_CHARACTERS = 256 * 1024;

/**
 * Returns a function that checks whether a text adds nothing to the data: it is a value in the JSON text `data`, as
 * text or as JSON in any order of keys.
 */
export function saidIn(data: string, texts: readonly string[]): (text: string) => boolean {
  const read = data.length > MAX_DATA_CHARACTERS ? undefined : readExactJson(data);
  if (read === undefined || read.value === undefined) return (text) => text.trim() === (read?.text ?? data);
  const found = new Set<string>();
  const wanted = new Map(texts.map((text) => [text, formsOf(text)]));
  const forms = new Set([...wanted.values()].flat());
  orderedJson(read.value, (json) => {
    if (forms.has(json)) found.add(json);
  });
  return (text) => (wanted.get(text) ?? formsOf(text)).some((form) => found.has(form));
}

/** Returns a text encoded as a JSON string, and as normalized JSON if it is JSON. */
function formsOf(text: string): string[] {
  const value = readExactJson(text)?.value;
  const asText = JSON.stringify(text.trim());
  return value === undefined ? [asText] : [asText, orderedJson(value)];
}

/** Writes JSON with sorted keys and trimmed texts. `onPart` is called with the JSON of each value. */
function orderedJson(value: unknown, onPart: (json: string) => void = () => {}): string {
  return write(mapNumbers(value, ({ simplest }) => (typeof simplest === "number" ? simplest : simplest.text)));

  function write(part: unknown): string {
    const json = Array.isArray(part) ? `[${part.map(write).join()}]` : isMap(part) ? `{${members(part)}}` : plain(part);
    onPart(json);
    return json;
  }

  function members(part: object): string {
    const entries = Object.entries(part).toSorted(([one], [other]) => (one < other ? -1 : 1));
    return entries.map(([key, item]) => `${JSON.stringify(key)}:${write(item)}`).join();
  }
}

function plain(value: unknown): string {
  return JSON.stringify(typeof value === "string" ? value.trim() : value);
}

function isMap(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
