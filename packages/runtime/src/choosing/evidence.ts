import { cutText } from "@nanoagent/models";
import type { EngineTool } from "../engines/engine.js";
import { talkExamples } from "./choice-weights.js";
import { MAX_DESCRIPTION_CHARACTERS, plainDescription, valuesOf } from "./tool-line.js";

/** Says how likely texts are, by a model. */
export interface TextScorer {
  /**
   * Returns the log-probabilities of the tokens of each continuation behind a text. `follows` says by the first tokens which
   * continuations are worth their other ones; of the others only the first is returned. Default: all are.
   */
  score(
    text: string,
    continuations: readonly string[],
    follows?: (firstScores: readonly number[]) => readonly boolean[],
  ): Promise<number[][]>;
}

/** Label of a message that needs no tool. */
const NONE = "none";
/** Message that says nothing: what a model thinks of a name without any reason to choose it. */
export const NEUTRAL_MESSAGE = "N/A";
/** Names whose first token is so much less likely than the best one's are not read on: they are not meant. */
const FOLLOWED_DIFFERENCE = 5;
/** Most names that are read on: the likeliest by their first token. */
const FOLLOWED_NAMES = 3;
/** Longest part of a message that is scored: the beginning says what is wanted. */
const MAX_SCORED_CHARACTERS = 240;

/** How much a list says of each tool: the most that its context has room for. */
export interface ListDetail {
  descriptionCharacters: number;
  hasValues: boolean;
}

/** Details of a list, from the most to the least. */
export const listDetails: readonly ListDetail[] = [
  { descriptionCharacters: MAX_DESCRIPTION_CHARACTERS, hasValues: true },
  { descriptionCharacters: MAX_DESCRIPTION_CHARACTERS, hasValues: false },
  { descriptionCharacters: 60, hasValues: false },
];

/** Text before a message: a line for each tool, and for each example of talk that needs none. */
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

/** The evidence of one list of tools, which a model is asked for; its calibration is asked for once. */
export class ListEvidence {
  readonly tools: readonly EngineTool[];
  readonly list: string;
  readonly #names: readonly string[];
  /** Scores of the tokens of each name behind a neutral message. */
  #neutral: number[][] | null = null;

  constructor(tools: readonly EngineTool[], detail: ListDetail = listDetails[0] as ListDetail) {
    this.tools = tools;
    this.list = listOf(tools, detail);
    this.#names = [...tools.map(({ name }) => ` ${name}`), ` ${NONE}`];
  }

  /** Scores of the values of an argument behind a neutral message, asked for once. */
  readonly neutralValues = new Map<string, readonly number[]>();

  /** Scores each tool, and none as the last: the log-probability of its name, less that behind a neutral message. */
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
    // A name that was not read on is no likelier than those that were.
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
