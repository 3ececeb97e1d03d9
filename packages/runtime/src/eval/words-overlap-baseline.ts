import type { ScenarioFile, ScenarioTool, ScenarioTurn } from "@nanoagent/models";
import { isPlainObject } from "../json-schema/is-plain-object.js";
import { splitWords } from "../split-words.js";
import type { EvalResult, TurnResult } from "./eval-result.js";
import { expectedCalls, judgeTurn, type ObservedTurn } from "./judge-turn.js";
import { scenarioResult } from "./run-scenario.js";
import { turnsOf } from "./scenario-turns.js";

/** Name of the baseline in reports. */
export const WORDS_BASELINE_NAME = "words alone";

/** Score from which a tool is called: about the weight of a word that only one of ten tools has. */
const THRESHOLD = 1.8;
/** Words have the same stem when they share this many letters, and this part of the longer word. */
const STEM_CHARACTERS = 4;
const STEM_SHARE = 0.6;
/** Shorter words do not identify a tool in any language with Latin script. */
const MIN_WORD_CHARACTERS = 3;

/**
 * Baseline by word overlap: chooses the tool with the most words in common with the message, weighted by how rare they
 * are among the tools, or no tool below a fixed threshold. Arguments are enum values and numbers found in the message.
 * It asks where a required argument is missing. Every turn is read on its own.
 */
export function wordsOverlapBaseline(files: readonly ScenarioFile[]): EvalResult {
  const results = files.flatMap((file) => {
    const tools = readTools(file.tools);
    return file.scenarios.map((scenario) => {
      const turns = turnsOf(scenario).map((turn) => turnResult(turn, answer(turn.say, tools), file.tools));
      return scenarioResult(file.name, scenario, 1, turns);
    });
  });
  return { name: WORDS_BASELINE_NAME, results, interrupted: false, failure: null };
}

function turnResult(turn: ScenarioTurn, observed: ObservedTurn, tools: readonly ScenarioTool[]): TurnResult {
  return {
    say: turn.say,
    ...judgeTurn(turn, observed, tools),
    expects_call: expectedCalls(turn).length > 0,
    ...observed,
    milliseconds: null,
    prompt_tokens: null,
    completion_tokens: null,
    deciding_tokens: null,
  };
}

interface ToolWords {
  readonly tool: ScenarioTool;
  readonly words: readonly string[];
}

/** The tools' words and the weight of each word. */
interface ReadTools {
  readonly tools: readonly ToolWords[];
  weightOf(word: string): number;
}

function readTools(given: readonly ScenarioTool[]): ReadTools {
  const tools = given.map((tool) => ({ tool, words: wordsOfTool(tool) }));
  const weights = new Map<string, number>();
  const weightOf = (word: string) => {
    const known = weights.get(word);
    if (known !== undefined) return known;
    const uses = tools.filter(({ words }) => words.some((other) => isSameStem(word, other))).length;
    const weight = uses === 0 ? 0 : Math.log((tools.length + 1) / uses);
    weights.set(word, weight);
    return weight;
  };
  return { tools, weightOf };
}

function answer(message: string, { tools, weightOf }: ReadTools): ObservedTurn {
  const said = splitWords(message).map(({ text }) => text);
  const words = [...new Set(said.filter((word) => word.length >= MIN_WORD_CHARACTERS))];
  let best: { tool: ScenarioTool; score: number } | null = null;
  for (const { tool, words: known } of tools) {
    const common = words.filter((word) => known.some((other) => isSameStem(word, other)));
    const score = common.reduce((sum, word) => sum + weightOf(word), 0);
    // Ties are decided by name, so that the order of the tools does not matter.
    const isBetter = best === null || score > best.score || (score === best.score && tool.name < best.tool.name);
    if (score >= THRESHOLD && isBetter) best = { tool, score };
  }
  if (best === null) return { calls: [], reply: "", error: null };
  const { properties, required } = best.tool.parameters ?? {};
  const given = readArguments(said, isPlainObject(properties) ? properties : {});
  const isMissing = (Array.isArray(required) ? required : []).some((key) => !Object.hasOwn(given, String(key)));
  if (isMissing) return { calls: [], reply: "?", error: null };
  return { calls: [{ name: best.tool.name, arguments: given, issue: null }], reply: "", error: null };
}

/** Finds arguments that a message states literally: enum values, and numbers in the order of the properties. */
function readArguments(
  said: readonly string[],
  properties: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const given: Record<string, unknown> = {};
  const spoken = ` ${said.join(" ")} `;
  const numbers = said
    .filter((word) => /^[-+]?\d+(?:[.,]\d+)?$/.test(word))
    .map((word) => Number(word.replace(",", ".")));
  for (const [key, property] of Object.entries(properties)) {
    if (!isPlainObject(property)) continue;
    const { enum: values, type, minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = property;
    if (Array.isArray(values)) {
      const value = values.find((candidate) => spoken.includes(` ${spokenForm(candidate)} `));
      if (value !== undefined) given[key] = value;
    } else if (type === "number" || type === "integer") {
      const at = numbers.findIndex((number) => number >= Number(minimum) && number <= Number(maximum));
      if (at >= 0) given[key] = numbers.splice(at, 1)[0];
    }
  }
  return given;
}

function spokenForm(value: unknown): string {
  return splitWords(apart(String(value)))
    .map(({ text }) => text)
    .join(" ");
}

function wordsOfTool({ name, description, parameters }: ScenarioTool): string[] {
  const { properties } = parameters ?? {};
  const values = Object.values(isPlainObject(properties) ? properties : {}).flatMap((property) =>
    isPlainObject(property) && Array.isArray(property.enum) ? property.enum.map(String) : [],
  );
  const words = [name, description, ...values].flatMap((text) => splitWords(apart(text)).map((word) => word.text));
  return [...new Set(words.filter((word) => word.length >= MIN_WORD_CHARACTERS))];
}

/** Splits readSensor and read_sensor into two words. */
function apart(text: string): string {
  return text.replace(/(\p{Ll})(\p{Lu})/gu, "$1 $2").replaceAll("_", " ");
}

function isSameStem(one: string, other: string): boolean {
  if (one === other) return true;
  const longer = Math.max(one.length, other.length);
  let common = 0;
  while (common < longer && one[common] === other[common]) common += 1;
  return common >= STEM_CHARACTERS && common >= STEM_SHARE * longer;
}
