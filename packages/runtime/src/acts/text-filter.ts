import type { Claim } from "./claims-act.js";

/** Decides what of a reply is shown, and when. */
export interface TextFilter {
  /** The claim that was found; from then on nothing is shown. */
  readonly claim: Claim | null;
  /** Whether the rest of the reply need not be waited for. */
  readonly isDecided: boolean;
  /** Takes a piece of the reply; returns the text that may be shown now. */
  push(text: string): string;
  /** Takes the end of the reply; returns the text that may be shown still. */
  finish(): string;
  /** Takes that a call follows, which what was said may be about; returns all text that was held back. */
  release(): string;
  /** Takes that the text so far is no part of the reply: it is forgotten. */
  reset(): void;
}

/** Shows nothing of a reply: only its calls count. */
export const showNothing: TextFilter = {
  claim: null,
  isDecided: false,
  push: () => "",
  finish: () => "",
  release: () => "",
  reset: () => {},
};
