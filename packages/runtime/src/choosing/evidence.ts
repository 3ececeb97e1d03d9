import { cutText } from "@nanoagent/models";
import type { EngineTool } from "../engines/engine.js";
import { talkExamples } from "./choice-weights.js";
import { MAX_DESCRIPTION_CHARACTERS, plainDescription, valuesOf } from "./tool-line.js";

/** Scores the likelihood of texts with a model. */
export interface TextScorer {
  /**
   * Returns the log-probabilities of the tokens of each continuation of a text. `follows` selects, by their first
   * tokens, the continuations to score in full; the others only get the score of their first token. Default: all.
   */
  score(
    text: string,
    continuations: readonly string[],
    follows?: (firstScores: readonly number[]) => readonly boolean[],
  ): Promise<number[][]>;
}

/** Label of messages that need no tool. */
const NONE = "none";
/** Message without content, used to measure a model's bias for each name. */
export const NEUTRAL_MESSAGE = "N/A";
/** A name is not scored in full where its first token is this much less likely than the best one. */
const FOLLOWED_DIFFERENCE = 5;
/** Most names that are scored in full, by the likelihood of their first token. */
const FOLLOWED_NAMES = 3;
/** Most characters of a message that are scored. The request is usually at the beginning. */
const MAX_SCORED_CHARACTERS = 240;

/** Detail of each tool in a list, as far as the context has room. */
export interface ListDetail {
  descriptionCharacters: number;
  hasValues: boolean;
}

/** Levels of detail, from most to least. */
export const listDetails: readonly ListDetail[] = [
  { descriptionCharacters: MAX_DESCRIPTION_CHARACTERS, hasValues: true },
  { descriptionCharacters: MAX_DESCRIPTION_CHARACTERS, hasValues: false },
  { descriptionCharacters: 60, hasValues: false },
];

/** Returns the text before a message: one line per tool and per example of small talk. */
function listOf(tools: readonly EngineTool[], { descriptionCharacters, hasValues }: ListDetail): string {
  const lines = tools.map(
    (tool) => `${plainDescription(tool, descriptionCharacters)}${hasValues ? valuesOf(tool) : ""} => ${tool.name}`,
  );
  return `${[...lines, ...talkExamples.map((example) => `${example} => ${NONE}`)].join("\n")}\n`;
}

/** Returns the text up to the name of a tool. */
export function listLine(list: string, message: string): string {
  return `${list}${inOneLine(message)} =>`;
}

/** Evidence from one list of tools, scored by a model. The calibration runs once. */
export class ListEvidence {
  readonly tools: readonly EngineTool[];
  readonly list: string;
  readonly #names: readonly string[];
  /** Scores of the tokens of each name after a neutral message. */
  #neutral: number[][] | null = null;

  constructor(tools: readonly EngineTool[], detail: ListDetail = listDetails[0] as ListDetail) {
    this.tools = tools;
    this.list = listOf(tools, detail);
    this.#names = [...tools.map(({ name }) => ` ${name}`), ` ${NONE}`];
  }

  /** Cached scores of argument values after a neutral message. */
  readonly neutralValues = new Map<string, readonly number[]>();

  /** Scores each tool and, last, no tool: the log-probability of its name minus that after a neutral message. */
  async score(scorer: TextScorer, message: string): Promise<number[]> {
    this.#neutral ??= await scorer.score(listLine(this.list, NEUTRAL_MESSAGE), this.#names);
    const neutral = this.#neutral;
    const raised = (score: number, name: number, token: number) => score - (neutral[name]?.[token] ?? 0);
    const follows = (firsts: readonly number[]) => {
      const scores = firsts.map((score, name) => raised(score, name, 0));
      const [best = 0, ...others] = scores.toSorted((one, other) => other - one);
      const least = Math.max(best - FOLLOWED_DIFFERENCE, others[FOLLOWED_NAMES - 2] ?? Number.NEGATIVE_INFINITY);
      return scores.map((score) => score >= least);
    };
    const names = await scorer.score(listLine(this.list, message), this.#names, follows);
    const totals = names.map((tokens, name) => sum(tokens.map((score, token) => raised(score, name, token))));
    // A name that was not scored in full is at most as likely as those that were.
    const isWhole = (name: number) => names[name]?.length === neutral[name]?.length;
    const least = Math.min(...totals.filter((_, name) => isWhole(name)));
    return totals.map((total, name) => (isWhole(name) ? total : Math.min(total, least)));
  }
}

/** Returns the part of a message that is scored. */
export function inOneLine(message: string): string {
  return cutText(message.trim().replace(/\s+/g, " "), MAX_SCORED_CHARACTERS);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
