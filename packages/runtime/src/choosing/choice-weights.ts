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
/** Weights without the model's evidence, and with it. */
export const wordWeights: Weights = {"none":3.58,"list":0,"words":0.23,"things":1.25,"unexplained-none":0.17,"text":1.13,"values":1.45,"number":2.08,"stated":1.21,"leans":1.58,"leans-not":-1.01,"fact-changes":-1.93,"fact-none":-0.41,"knowledge-none":2.86,"no-words":0.07,"request-none":-0.75,"story-none":1.47,"talk-none":1.8,"leans-none":-0.5};
export const listWeights: Weights = {"none":3.92,"list":0.29,"words":0.05,"things":1.18,"unexplained-none":0.1,"text":1.25,"values":1.34,"number":2.06,"stated":1.33,"leans":1.54,"leans-not":-0.97,"fact-changes":-1.66,"fact-none":-0.38,"knowledge-none":2.82,"no-words":-0.06,"request-none":-0.74,"story-none":1.5,"talk-none":1.76,"leans-none":-0.53};
