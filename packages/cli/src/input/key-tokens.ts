import { cutText } from "@nanoagent/models";

/** A piece of what a terminal sends: keys for the line editor, or something that is more than a key. */
export type KeyToken =
  | { type: "keys"; text: string }
  /** Text that was pasted. Line breaks are `\n`. */
  | { type: "paste"; text: string }
  /** Enter. */
  | { type: "enter" }
  /** Alt-Enter, or Shift-Enter where the terminal reports it. */
  | { type: "line-break" }
  /** Ctrl-C. */
  | { type: "interrupt" }
  /** Ctrl-D. */
  | { type: "end" }
  /** Ctrl-Z. */
  | { type: "suspend" };

/** Longest text of a paste that is kept, in characters: more than a message may have, so that a longer one is refused. */
const MAX_PASTE_CHARACTERS = 2 * 1024 * 1024;

const PASTE_START = "\u001b[200~";
const PASTE_END = "\u001b[201~";

const single: Record<string, KeyToken> = {
  "\r": { type: "enter" },
  "\u001b\r": { type: "line-break" },
  "\u001b\n": { type: "line-break" },
  // Shift-Enter and Alt-Enter in the form of CSI u, and in that of xterm's modifyOtherKeys.
  "\u001b[13;2u": { type: "line-break" },
  "\u001b[13;3u": { type: "line-break" },
  "\u001b[27;2;13~": { type: "line-break" },
  "\u001b[27;3;13~": { type: "line-break" },
  "\u0003": { type: "interrupt" },
  "\u0004": { type: "end" },
  "\u001a": { type: "suspend" },
};

const sequences = [PASTE_START, ...Object.keys(single)];

/**
 * Splits the input of a terminal in raw mode into tokens, wherever its chunks begin and end. A chunk that ends within a
 * sequence waits for the rest; {@link flush} gives it up as keys.
 */
export class KeyTokens {
  #rest = "";
  /** Text of the paste that is under way; null outside one. */
  #paste: string | null = null;

  /** Whether the input so far ends within a sequence. */
  get isIncomplete(): boolean {
    return this.#rest !== "" && this.#paste === null;
  }

  /** Whether a paste has begun and not ended. */
  get isPasting(): boolean {
    return this.#paste !== null;
  }

  /** Ends a paste whose end was lost on the way. */
  endPaste(): KeyToken[] {
    if (this.#paste === null) return [];
    const text = plainPaste(this.#paste + this.#rest);
    this.#paste = null;
    this.#rest = "";
    return [{ type: "paste", text }];
  }

  push(chunk: string): KeyToken[] {
    const tokens: KeyToken[] = [];
    let text = this.#rest + chunk;
    this.#rest = "";
    let keys = "";
    const endKeys = () => {
      if (keys !== "") tokens.push({ type: "keys", text: keys });
      keys = "";
    };
    while (text !== "") {
      if (this.#paste !== null) {
        text = this.#readPaste(text, tokens);
        continue;
      }
      const sequence = sequences.find((candidate) => text.startsWith(candidate));
      if (sequence === undefined) {
        if (sequences.some((candidate) => candidate.startsWith(text))) {
          this.#rest = text;
          break;
        }
        keys += text[0];
        text = text.slice(1);
        continue;
      }
      endKeys();
      text = text.slice(sequence.length);
      const token = single[sequence];
      if (token === undefined) this.#paste = "";
      else tokens.push(token);
    }
    endKeys();
    return tokens;
  }

  /** Returns the beginning of a sequence that did not go on: Escape alone, most often. */
  flush(): KeyToken[] {
    const text = this.#rest;
    if (this.#paste !== null || text === "") return [];
    this.#rest = "";
    return [{ type: "keys", text }];
  }

  /** Reads the text of a paste; returns what follows the paste. */
  #readPaste(text: string, tokens: KeyToken[]): string {
    const end = text.indexOf(PASTE_END);
    if (end >= 0) {
      this.#add(text.slice(0, end));
      tokens.push({ type: "paste", text: plainPaste(this.#paste ?? "") });
      this.#paste = null;
      return text.slice(end + PASTE_END.length);
    }
    // The mark of the end may be cut off.
    const cut = Math.max(0, text.length - PASTE_END.length + 1);
    this.#add(text.slice(0, cut));
    this.#rest = text.slice(cut);
    return "";
  }

  #add(text: string): void {
    this.#paste = cutText((this.#paste ?? "") + text, MAX_PASTE_CHARACTERS);
  }
}

/** Line breaks as `\n`; other control characters are left out, but for tabs. */
function plainPaste(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal would obey them
  return text.replace(/\r\n?/g, "\n").replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "");
}
