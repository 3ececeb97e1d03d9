import { type ReasoningMarks, reasoningMarks } from "./reasoning-marks.js";

/** A part of a reply. A `retraction` says that the answer so far, which is its text, was a thought. */
export interface ReplyPiece {
  type: "text" | "reasoning" | "retraction";
  text: string;
}

const fences = /```/g;
const quotes = "`'\"“”‘’«»";

/**
 * Takes the text of a reply apart as it comes: into answer and reasoning, up to a stop text. A piece that may be the
 * beginning of a stop text or of a mark is held back until that is known.
 *
 * A thought begins with the reply, or behind another thought; in the middle of an answer its marks are only spoken of. The
 * end of a thought that has no beginning says that all before it was one.
 */
export class ReplyText {
  readonly #stops: readonly string[];
  readonly #beginnings: readonly string[];
  #hasText = false;
  readonly #separatesReasoning: boolean;
  /** Marks of the family whose thought it is; null outside of a thought, "any" in one that the prompt has opened. */
  #thought: ReasoningMarks | "any" | null;
  /** Whether nothing of the answer has come yet. */
  #isBeforeAnswer = true;
  /** Whether a thought has come: then an end without a beginning is only spoken of. */
  #hasThought: boolean;
  #held = "";
  #stoppedBy: string | null = null;
  /** The answer as far as it has come, while an end of a thought may still follow. */
  #answer = "";

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
    this.#thought = beginsInReasoning ? "any" : null;
    this.#hasThought = beginsInReasoning;
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

  /** Whether what comes now is a thought. */
  get isReasoning(): boolean {
    return this.#thought !== null;
  }

  /** Takes in more of the text; returns the pieces that are certain now. */
  push(text: string): ReplyPiece[] {
    if (this.stopped) return [];
    this.#held += text;
    const pieces: ReplyPiece[] = [];
    while (this.#step(pieces, false));
    return pieces;
  }

  /** Returns what was held back, when no more text comes. */
  finish(): ReplyPiece[] {
    const pieces: ReplyPiece[] = [];
    while (this.#step(pieces, true));
    this.#take(pieces, this.#held.length);
    return pieces;
  }

  /** Takes the text up to a mark, or as much as is certain. Returns whether there may be more to take. */
  #step(pieces: ReplyPiece[], isWhole: boolean): boolean {
    if (this.stopped || this.#held === "") return false;
    if (this.#isBeforeAnswer && this.#thought === null && this.#separatesReasoning) {
      const decided = this.#stepBeforeAnswer(isWhole);
      if (decided !== "answer") return decided === "again";
    }
    const marks = this.#marks();
    const first = firstOf(this.#held, marks, this.#beginnings);
    if (first === null) {
      this.#take(pieces, this.#held.length - (isWhole ? 0 : undecidedLength(this.#held, marks)));
      return false;
    }
    const { index, mark } = first;
    const isStop = this.#thought === null && this.#endings().includes(mark);
    if (!isStop && this.#thought === null) {
      if (afterAnswerMarks.includes(mark)) {
        // It stands at the very end, or is part of what is said.
        const rest = this.#held.slice(index + mark.length);
        if (rest.trim() === "" && !isWhole) {
          this.#take(pieces, index);
          return false;
        }
        this.#take(pieces, index);
        if (rest.trim() === "") this.#held = "";
        else this.#take(pieces, mark.length);
        return this.#held !== "";
      }
      if (!isWhole && this.#held.length < index + mark.length + 1) {
        // What follows the mark tells whether it is one.
        this.#take(pieces, index);
        return false;
      }
      if (!this.#isLoneEnd(index, mark)) {
        this.#take(pieces, index + mark.length);
        return true;
      }
      this.#take(pieces, index);
      this.#held = this.#held.slice(mark.length);
      this.#retract(pieces);
      this.#endThought();
      return true;
    }
    this.#take(pieces, index);
    this.#held = this.#held.slice(mark.length);
    if (isStop) {
      this.#stoppedBy = mark;
      this.#held = "";
      return false;
    }
    this.#endThought();
    return true;
  }

  /** Makes a thought of the answer so far. What this call has not shown yet need not be taken back. */
  #retract(pieces: ReplyPiece[]): void {
    let unshown = 0;
    for (const piece of pieces) {
      if (piece.type !== "text") continue;
      piece.type = "reasoning";
      unshown += piece.text.length;
    }
    const shown = this.#answer.slice(0, this.#answer.length - unshown);
    if (shown !== "") pieces.unshift({ type: "retraction", text: shown });
  }

  #endThought(): void {
    this.#thought = null;
    this.#hasThought = true;
    this.#hasText = false;
    this.#isBeforeAnswer = true;
    this.#answer = "";
  }

  /** Looks for a thought, or a mark before the answer, at the beginning. */
  #stepBeforeAnswer(isWhole: boolean): "again" | "wait" | "answer" {
    const text = this.#held.trimStart();
    const blank = this.#held.length - text.length;
    for (const family of reasoningMarks) {
      const start = family.start.find((mark) => text.startsWith(mark));
      if (start === undefined) continue;
      this.#thought = family;
      this.#held = text.slice(start.length);
      return "again";
    }
    const before = beforeAnswerMarks.find((mark) => text.startsWith(mark));
    // A word such as <answer> is one of these only behind a thought.
    if (before !== undefined && (this.#hasThought || before.startsWith("<|"))) {
      this.#held = text.slice(before.length);
      return this.#held === "" ? "wait" : "again";
    }
    const mayBegin = !isWhole && openingMarks.some((mark) => mark.startsWith(text));
    if (mayBegin && (text !== "" || this.#hasThought)) return "wait";
    if (text === "" && !isWhole) return "wait";
    const stop = stopFrom(this.#held, this.#stops, blank);
    if (stop === "is-one") return "answer";
    if (stop === "may-be-one" && !isWhole) return "wait";
    this.#isBeforeAnswer = false;
    // The lines between a thought and its answer belong to neither.
    if (this.#hasThought) this.#held = text;
    return this.#held === "" ? "wait" : "answer";
  }

  #take(pieces: ReplyPiece[], length: number): void {
    if (length <= 0) return;
    const text = this.#held.slice(0, length);
    if (this.#thought === null && text.trim() !== "") this.#hasText = true;
    this.#held = this.#held.slice(length);
    pieces.push({ type: this.#thought === null ? "text" : "reasoning", text });
    if (this.#thought === null && !this.#hasThought) this.#answer += text;
  }

  /** Texts that end the reply at this point. */
  #endings(): readonly string[] {
    return this.#hasText ? this.#stops : [...this.#stops, ...this.#beginnings];
  }

  /** Texts that have a meaning at this point. */
  #marks(): readonly string[] {
    if (!this.#separatesReasoning) return this.#endings();
    if (this.#thought === "any") return endMarks;
    if (this.#thought !== null) return this.#thought.end;
    return [...this.#endings(), ...(this.#hasThought ? [] : endMarks), ...(this.#hasThought ? afterAnswerMarks : [])];
  }

  /**
   * Whether the end of a thought that is found here, without a beginning, ends one. Where a tag is spoken of, it is quoted,
   * in a block of code, behind its own beginning, or a word of a sentence.
   */
  #isLoneEnd(index: number, mark: string): boolean {
    const said = this.#answer + this.#held.slice(0, index);
    const behind = this.#held.slice(index + mark.length);
    const family = reasoningMarks.find(({ end }) => end.includes(mark));
    if (family === undefined || family.start.some((start) => said.includes(start))) return false;
    if (family.onlyBehind !== undefined) return said.trimStart().startsWith(family.onlyBehind);
    const [before, after] = [said.at(-1) ?? "\n", behind.at(0) ?? "\n"];
    if (quotes.includes(before) || quotes.includes(after)) return false;
    if ((said.match(fences)?.length ?? 0) % 2 === 1) return false;
    return before === "\n" || after === "\n" || !/\s/.test(before);
  }
}

const openingMarks = reasoningMarks.flatMap(({ start, beforeAnswer = [] }) => [...start, ...beforeAnswer]);
const beforeAnswerMarks = reasoningMarks.flatMap(({ beforeAnswer = [] }) => beforeAnswer);
const afterAnswerMarks = reasoningMarks.flatMap(({ afterAnswer = [] }) => afterAnswer);
const endMarks = reasoningMarks.flatMap(({ end, needsStart = false }) => (needsStart ? [] : end));

/** Finds the first mark in a text. One that begins a reply counts only where nothing but white space is before it. */
function firstOf(
  text: string,
  marks: readonly string[],
  beginnings: readonly string[],
): { index: number; mark: string } | null {
  let first: { index: number; mark: string } | null = null;
  for (const mark of marks) {
    const index = text.indexOf(mark);
    if (beginnings.includes(mark) && text.slice(0, index).trim() !== "") continue;
    if (index >= 0 && (first === null || index < first.index)) first = { index, mark };
  }
  return first;
}

/** Length of the end that could be the beginning of a mark. */
function undecidedLength(text: string, marks: readonly string[]): number {
  let longest = 0;
  for (const mark of marks) {
    for (let length = Math.min(mark.length - 1, text.length); length > longest; length--) {
      if (text.endsWith(mark.slice(0, length))) longest = length;
    }
  }
  return longest;
}

/** Whether a stop text begins among the first characters of a text, or may do so once more of it has come. */
function stopFrom(text: string, stops: readonly string[], characters: number): "is-one" | "may-be-one" | "is-none" {
  const starts = Array.from({ length: characters }, (_, start) => text.slice(start));
  if (starts.some((rest) => stops.some((stop) => rest.startsWith(stop)))) return "is-one";
  return starts.some((rest) => stops.some((stop) => stop.startsWith(rest))) ? "may-be-one" : "is-none";
}
