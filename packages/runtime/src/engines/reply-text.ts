const THINK_START = "<think>";
const THINK_END = "</think>";

export interface ReplyPiece {
  type: "text" | "reasoning";
  text: string;
}

/**
 * Takes the text of a reply apart as it comes: into answer and reasoning, up to a stop text. A piece that may be the
 * beginning of a stop text or of a tag is held back until that is known.
 */
export class ReplyText {
  readonly #stops: readonly string[];
  readonly #beginnings: readonly string[];
  #hasText = false;
  readonly #separatesReasoning: boolean;
  #reasoning: boolean;
  #held = "";
  #stoppedBy: string | null = null;

  constructor({
    stop = [],
    beginnings = [],
    separatesReasoning = true,
    beginsInReasoning = false,
  }: {
    stop?: readonly string[];
    /** Texts that end the reply where they are the first of it. */
    beginnings?: readonly string[];
    separatesReasoning?: boolean;
    beginsInReasoning?: boolean;
  } = {}) {
    this.#stops = stop.filter((text) => text !== "");
    this.#beginnings = beginnings.filter((text) => text !== "");
    this.#separatesReasoning = separatesReasoning;
    this.#reasoning = beginsInReasoning;
  }

  /** Whether a stop text has come: the reply ends before it. */
  get stopped(): boolean {
    return this.#stoppedBy !== null;
  }

  /** The stop text that has come. */
  get stoppedBy(): string | null {
    return this.#stoppedBy;
  }

  /** Whether some of the text is held back. */
  get isUndecided(): boolean {
    return this.#held !== "";
  }

  /** Takes in more of the text; returns the pieces that are certain now. */
  push(text: string): ReplyPiece[] {
    if (this.stopped) return [];
    this.#held += text;
    const pieces: ReplyPiece[] = [];
    for (;;) {
      const mark = this.#firstMark();
      if (mark === null) break;
      this.#take(pieces, mark.index);
      this.#held = this.#held.slice(mark.text.length);
      if (this.#stops.includes(mark.text) || this.#beginnings.includes(mark.text)) {
        this.#stoppedBy = mark.text;
        this.#held = "";
        return pieces;
      }
      this.#reasoning = !this.#reasoning;
    }
    this.#take(pieces, this.#held.length - this.#undecidedLength());
    return pieces;
  }

  /** Returns what was held back, when no more text comes. */
  finish(): ReplyPiece[] {
    const pieces: ReplyPiece[] = [];
    this.#take(pieces, this.#held.length);
    return pieces;
  }

  #take(pieces: ReplyPiece[], length: number): void {
    if (!this.#reasoning && this.#held.slice(0, length).trim() !== "") this.#hasText = true;
    if (length > 0) pieces.push({ type: this.#reasoning ? "reasoning" : "text", text: this.#held.slice(0, length) });
    this.#held = this.#held.slice(length);
  }

  /** Texts that have a meaning at this point. */
  #marks(): readonly string[] {
    if (!this.#separatesReasoning) return this.#stops;
    const stops = this.#hasText ? this.#stops : [...this.#stops, ...this.#beginnings];
    return this.#reasoning ? [THINK_END] : [...stops, THINK_START];
  }

  #firstMark(): { index: number; text: string } | null {
    let first: { index: number; text: string } | null = null;
    for (const text of this.#marks()) {
      const index = this.#held.indexOf(text);
      if (this.#beginnings.includes(text) && this.#held.slice(0, index).trim() !== "") continue;
      if (index >= 0 && (first === null || index < first.index)) first = { index, text };
    }
    return first;
  }

  /** Length of the end that could be the beginning of a mark. */
  #undecidedLength(): number {
    let longest = 0;
    for (const mark of this.#marks()) {
      for (let length = Math.min(mark.length - 1, this.#held.length); length > longest; length--) {
        if (this.#held.endsWith(mark.slice(0, length))) longest = length;
      }
    }
    return longest;
  }
}
