import type { EngineTool } from "../engines/engine.js";
import type { FollowUp } from "./follow-up.js";
import type { Asking } from "./question-marks.js";
import type { RequestMarks } from "./request-marks.js";
import type { WordEvidence } from "./word-evidence.js";

export interface ChoiceInput {
  tools: readonly EngineTool[];
  /** Scores of the tools and, last, of no tool, from {@link ListEvidence}. Null where the model was not asked. */
  list: readonly number[] | null;
  words: readonly WordEvidence[];
  followUp: FollowUp;
  asking: Asking;
  marks: RequestMarks;
}

/** Feature names in the order of the weights. */
export const featureNames = [
  "none",
  "list",
  "words",
  "things",
  "unexplained-none",
  "text",
  "values",
  "number",
  "stated",
  "leans",
  "leans-not",
  "fact-changes",
  "fact-none",
  "knowledge-none",
  "no-words",
  "request-none",
  "story-none",
  "talk-none",
  "leans-none",
] as const;

export type Weights = Readonly<Record<(typeof featureNames)[number], number>>;

/** Largest score difference in the list that adds evidence. Beyond it, the model is only overconfident. */
const MAX_LIST_DIFFERENCE = 12;

/** Most unexplained words that are counted. More do not add evidence. */
const MAX_UNEXPLAINED = 6;

/** Returns the features of each tool and, in the last row, of no tool. */
export function choiceFeatures({ tools, words, list: scores, followUp, asking, marks }: ChoiceInput): Weights[] {
  const list = scores === null ? null : centered(scores);
  const mostWords = Math.max(0, ...words.map(({ words: shared, things }) => shared + things));
  const leastUnexplained = Math.min(MAX_UNEXPLAINED, ...words.map(({ unexplained }) => unexplained));
  const zero = Object.fromEntries(featureNames.map((name) => [name, 0])) as Record<keyof Weights, number>;
  const rows = tools.map((tool, at): Weights => {
    const shares = words[at] as WordEvidence;
    const isBefore = followUp.before?.name === tool.name;
    return {
      ...zero,
      list: list?.[at] ?? 0,
      words: Math.min(shares.words, 6),
      things: Math.min(shares.things, 6),
      text: shares.text,
      values: shares.values,
      number: shares.number,
      stated: shares.stated,
      leans: followUp.leansOnIt && isBefore ? 1 : 0,
      "leans-not": followUp.leansOnIt && !isBefore && shares.words === 0 ? 1 : 0,
      "fact-changes": asking === "fact" && tool.changesWorld === true ? 1 : 0,
    };
  });
  const none: Weights = {
    ...zero,
    none: 1,
    list: list?.[tools.length] ?? 0,
    "fact-none": asking === "fact" ? 1 : 0,
    "knowledge-none": asking === "knowledge" ? 1 : 0,
    "unexplained-none": leastUnexplained,
    "request-none": marks.isRequest ? 1 : 0,
    "story-none": marks.isStory ? 1 : 0,
    "talk-none": marks.isTalk ? 1 : 0,
    "leans-none": followUp.leansOnIt ? 1 : 0,
    "no-words": mostWords === 0 ? 1 : 0,
  };
  return [...rows, none];
}

/** Returns the probability of each tool and, last, of no tool, by a conditional logit over the features. */
export function choiceProbabilities(features: readonly Weights[], weights: Weights): number[] {
  const scores = features.map((row) => featureNames.reduce((sum, name) => sum + row[name] * weights[name], 0));
  const most = Math.max(...scores);
  const raised = scores.map((score) => Math.exp(score - most));
  const sum = raised.reduce((total, value) => total + value, 0);
  return raised.map((value) => value / sum);
}

function centered(scores: readonly number[]): number[] {
  const most = Math.max(...scores);
  return scores.map((score) => Math.max(score - most, -MAX_LIST_DIFFERENCE));
}
