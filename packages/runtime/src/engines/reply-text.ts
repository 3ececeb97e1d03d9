import { type ReasoningMarks, reasoningMarks } from "./reasoning-marks.js";

/** A part of a reply. A `retraction` turns the answer so far, which is its text, into reasoning. */
export interface ReplyPiece {
  type: "text" | "reasoning" | "retraction";
  text: string;
}

const fences = /```/g;
const quotes = "`'\"“”‘’«»";

/**
 * Splits a streamed reply into answer and reasoning, and ends it at a stop text. A piece that may be the beginning of a
 * stop text or of a mark is held back until more text decides.
 *
 * Reasoning starts at the beginning of the reply or after other reasoning. Elsewhere in an answer, marks are plain
 * text. An end mark without a start mark turns all text before it into reasoning.
 */
export class ReplyText {
  readonly #stops: readonly string[];
  readonly #beginnings: readonly string[];
  #hasText = false;
  readonly #separatesReasoning: boolean;
  /** Marks of the family whose reasoning is open. Null outside of reasoning, "any" if the prompt has opened it. */
  #thought: ReasoningMarks | "any" | null;
  /** Whether the answer has not begun yet. */
  #isBeforeAnswer = true;
  /** Whether there was reasoning. After that, an end mark without a start mark is plain text. */
  #hasThought: boolean;
  #held = "";
  #stoppedBy: string | null = null;
  /** The answer so far, while an end mark may still follow. */
  #answer = "";

  constructor({
    stop = [],
    beginnings = [],
    separatesReasoning = true,
    beginsInReasoning = false,
  }: {
    stop?: readonly string[];
    /** Texts that end the reply only at its beginning. */
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

  /** Whether a stop text was found. The reply ends before it. */
  get stopped(): boolean {
    return this.#stoppedBy !== null;
  }

  /** The stop text that was found, or null. */
  get stoppedBy(): string | null {
    return this.#stoppedBy;
  }

  /** Whether some text is held back. */
  get isUndecided(): boolean {
    return this.#held !== "";
  }

  /** Whether the next text is reasoning. */
  get isReasoning(): boolean {
    return this.#thought !== null;
  }

  /** Adds text and returns the pieces that are now certain. */
  push(text: string): ReplyPiece[] {
    if (this.stopped) return [];
    this.#held += text;
    const pieces: ReplyPiece[] = [];
    while (this.#step(pieces, false));
    return pieces;
  }

  /** Returns the text that was held back. Call it after the last `push`. */
  finish(): ReplyPiece[] {
    const pieces: ReplyPiece[] = [];
    while (this.#step(pieces, true));
    this.#take(pieces, this.#held.length);
    return pieces;
  }

  /** Consumes the text up to a mark, or as much as is certain. Returns whether to call again. */
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
        // The mark counts only at the very end. Anywhere else it is plain text.
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
        // The character after the mark decides whether it counts.
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

  /** Turns the answer so far into reasoning. Pieces of this call need no retraction, since they were not shown yet. */
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

  /** Looks for reasoning, or for a mark before the answer, at the beginning. */
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
    // A word such as <answer> is a mark only after reasoning.
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
    // Blank lines between reasoning and answer belong to neither.
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

  /** Texts that count as marks at this point. */
  #marks(): readonly string[] {
    if (!this.#separatesReasoning) return this.#endings();
    if (this.#thought === "any") return endMarks;
    if (this.#thought !== null) return this.#thought.end;
    return [...this.#endings(), ...(this.#hasThought ? [] : endMarks), ...(this.#hasThought ? afterAnswerMarks : [])];
  }

  /**
   * Whether an end mark that is found here without a start mark ends reasoning. A tag that is only mentioned is quoted,
   * in a code block, after its own start mark, or a word of a sentence.
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

/** Finds the first mark in a text. A mark of `beginnings` counts only if nothing but white space precedes it. */
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

/** Length of the longest end of a text that could be the beginning of a mark. */
function undecidedLength(text: string, marks: readonly string[]): number {
  let longest = 0;
  for (const mark of marks) {
    for (let length = Math.min(mark.length - 1, text.length); length > longest; length--) {
      if (text.endsWith(mark.slice(0, length))) longest = length;
    }
  }
  return longest;
}

/** Whether a stop text begins within the first characters of a text, or might once more text arrives. */
function stopFrom(text: string, stops: readonly string[], characters: number): "is-one" | "may-be-one" | "is-none" {
  const starts = Array.from({ length: characters }, (_, start) => text.slice(start));
  if (starts.some((rest) => stops.some((stop) => rest.startsWith(stop)))) return "is-one";
  return starts.some((rest) => stops.some((stop) => stop.startsWith(rest))) ? "may-be-one" : "is-none";
}
