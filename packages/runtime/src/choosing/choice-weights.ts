import type { Weights } from "./choose-tool.js";

/** Messages that need no tool, for the list. */
export const talkExamples: readonly string[] = [
  "Good morning!",
  "thanks, that was quick",
  "Why do lights flicker when the voltage drops?",
  "What is seaweed fertilizer good for?",
  "My sister painted her front door red.",
  "Order a pizza with mushrooms, please.",
  "Perché le tapparelle tengono fresca la casa d'estate?",
  "Bonsoir, c'est encore moi !",
];
/** Kinds of talk, for the channel. */
export const talkKinds: readonly string[] = [
  "to learn how or why something works",
  "to greet, to thank, or to chat about their own life",
  "to have something done that no device here can do",
];
/** Weights without the channel's evidence, and with it. */
export const cheapWeights: Weights = {
  none: 1,
  list: 0.5,
  channel: 0,
  words: 0.7,
  values: 0.7,
  number: 0.5,
  stated: 0.5,
  leans: 3,
  "leans-not": -1,
  "fact-changes": -1.5,
  "fact-none": 0.3,
  "knowledge-none": 2,
  "no-words": 1, things: 0.5, text: 1, unexplained: -0.2, "unexplained-none": 0.2, "request-none": -1, "story-none": 2,
};
export const fullWeights: Weights = { ...cheapWeights, channel: 2 };
