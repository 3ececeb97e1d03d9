/** A value of a JSON text with its position. */
export interface PlacedJson {
  readonly kind: "object" | "list" | "text" | "other";
  readonly start: number;
  readonly end: number;
  /** Properties of an object in order. Names may be repeated. */
  readonly entries: readonly { readonly key: string; readonly value: PlacedJson }[];
  readonly items: readonly PlacedJson[];
  /** A text without quotation marks and escapes, otherwise the JSON text. */
  readonly value: string;
}

/** Deepest nesting that is read. Deeper values are not calls. */
const MAX_LEVELS = 100;

/** Reads the JSON value at a position. Returns null where there is no complete value. */
export function readPlacedJson(text: string, start: number): PlacedJson | null {
  try {
    return new PlacedJsonReader(text, start).read(0);
  } catch (error) {
    if (error instanceof NotJson) return null;
    throw error;
  }
}

class NotJson extends Error {}

const stringPattern = /"[^"\\]*(?:\\.[^"\\]*)*"/suy;
const plainPattern = /-?\d[-+.\w]*|true|false|null/y;
const spacePattern = /\s*/y;

class PlacedJsonReader {
  readonly #text: string;
  #at: number;

  constructor(text: string, start: number) {
    this.#text = text;
    this.#at = start;
  }

  read(level: number): PlacedJson {
    if (level > MAX_LEVELS) throw new NotJson();
    const start = this.#at;
    const first = this.#text[start];
    if (first === "{") {
      const entries: { key: string; value: PlacedJson }[] = [];
      this.#list("}", () => {
        const key = this.#string();
        this.#skip();
        if (this.#text[this.#at++] !== ":") throw new NotJson();
        this.#skip();
        entries.push({ key, value: this.read(level + 1) });
      });
      return this.#placed("object", start, { entries });
    }
    if (first === "[") {
      const items: PlacedJson[] = [];
      this.#list("]", () => items.push(this.read(level + 1)));
      return this.#placed("list", start, { items });
    }
    if (first === '"') {
      const value = this.#string();
      return { ...this.#placed("text", start, {}), value };
    }
    this.#match(plainPattern);
    return this.#placed("other", start, {});
  }

  #placed(kind: PlacedJson["kind"], start: number, parts: Partial<PlacedJson>): PlacedJson {
    const end = this.#at;
    return { kind, start, end, entries: [], items: [], value: this.#text.slice(start, end), ...parts };
  }

  /** Reads items between brackets, separated by commas. A trailing comma is allowed. */
  #list(close: string, readItem: () => void): void {
    this.#at += 1;
    for (this.#skip(); this.#text[this.#at] !== close; this.#skip()) {
      readItem();
      this.#skip();
      if (this.#text[this.#at] === ",") this.#at += 1;
      else if (this.#text[this.#at] !== close) throw new NotJson();
    }
    this.#at += 1;
  }

  #string(): string {
    const quoted = this.#match(stringPattern);
    try {
      return JSON.parse(quoted.replace(/[\n\r\t]/g, (space) => JSON.stringify(space).slice(1, -1)));
    } catch {
      throw new NotJson();
    }
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) throw new NotJson();
    this.#at += found[0].length;
    return found[0];
  }

  #skip(): void {
    this.#match(spacePattern);
  }
}

/** Returns a value as JSON, without superfluous commas and with invalid numbers such as `007` as texts. */
export function jsonTextOf({ kind, entries, items, value }: PlacedJson): string {
  if (kind === "object") {
    return `{${entries.map((entry) => `${JSON.stringify(entry.key)}:${jsonTextOf(entry.value)}`).join(",")}}`;
  }
  if (kind === "list") return `[${items.map(jsonTextOf).join(",")}]`;
  return kind === "text" || !isJson(value) ? JSON.stringify(value) : value;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
