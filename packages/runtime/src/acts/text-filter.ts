import type { Claim } from "./claims-act.js";

/** Decides which parts of a reply are shown, and when. */
export interface TextFilter {
  /** The claim that was found. Nothing is shown after it. */
  readonly claim: Claim | null;
  /** Whether the rest of the reply no longer matters. */
  readonly isDecided: boolean;
  /** Adds a piece of the reply. Returns the text to show now. */
  push(text: string): string;
  /** Ends the reply. Returns the remaining text to show. */
  finish(): string;
  /** Reports that a call follows, to which the claim may refer. Returns all text that was held back. */
  release(): string;
  /** Discards the text so far, because it is not part of the reply. */
  reset(): void;
}

/** Shows nothing of a reply. Only its calls count. */
export const showNothing: TextFilter = {
  claim: null,
  isDecided: false,
  push: () => "",
  finish: () => "",
  release: () => "",
  reset: () => {},
};
