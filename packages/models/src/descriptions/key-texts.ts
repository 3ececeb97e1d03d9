/** Hover text of a key in a published JSON Schema, with its default and examples as data. */
interface KeyText {
  readonly description: string;
  /** Value that an absent key has. Left out where it depends on other keys; the description then says on which. */
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
}

/**
 * Texts by path: `engine.context`, `tools[].name` for items of a list, `mcp_servers.*.url` for values of a map, and ""
 * for the document. Alternatives of a value share their paths. Paths in `$defs` begin with the name of the definition.
 */
export type KeyTexts = Readonly<Record<string, KeyText | string>>;

/** Returns the texts of a part for the place where a larger document has that part. */
export function textsAt(place: string, texts: KeyTexts): KeyTexts {
  return Object.fromEntries(
    Object.entries(texts).map(([path, text]) => [path === "" ? place : `${place}.${path}`, text]),
  );
}

/** Returns the texts of the keys alone, without that of the document. */
export function withoutRoot({ "": _, ...texts }: KeyTexts): KeyTexts {
  return texts;
}
