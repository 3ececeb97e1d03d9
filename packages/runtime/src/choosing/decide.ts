import type { EngineMessage, EngineTool } from "../engines/engine.js";
import { listWeights, wordWeights } from "./choice-weights.js";
import { type ChoiceInput, choiceFeatures, choiceProbabilities } from "./choose-tool.js";
import { type CompletedArguments, completeArguments } from "./complete-arguments.js";
import { inOneLine, type ListEvidence, listLine, NEUTRAL_MESSAGE, type TextScorer } from "./evidence.js";
import { type FollowUp, readFollowUp } from "./follow-up.js";
import { askingOf } from "./question-marks.js";
import { askForArgument, askForConsent, askWhich } from "./questions.js";
import { requestMarks } from "./request-marks.js";
import { splitActs } from "./split-acts.js";
import type { ArgumentProperty } from "./stated-arguments.js";
import { isUnwanted } from "./unwanted-acts.js";
import { wordEvidence } from "./word-evidence.js";

/** A call that was decided on. The model writes the arguments in `unwritten`. */
export interface DecidedCall {
  tool: EngineTool;
  arguments: Record<string, unknown>;
  unwritten: readonly ArgumentProperty[];
}

export type Decision = { kind: "none" } | { kind: "calls"; calls: DecidedCall[] } | { kind: "ask"; question: string };

/** From this probability on, the words decide alone. */
const SURE = 0.9;
/** Below this probability, the user is asked which tool is meant. */
const LIKELY = 0.5;
/** Lowest probability for calling a tool that only reads. */
const LIKELY_ENOUGH_TO_LOOK = 0.4;
/** Below this probability, the user must confirm an act that changes the world. */
const SURE_ENOUGH_TO_ACT = 0.55;
/** Lowest probability of a value that the message does not name literally. */
const MIN_VALUE_MARGIN = 0.7;

export interface DecisionInput {
  /** The conversation; its last message is the user's. */
  messages: readonly EngineMessage[];
  evidence: ListEvidence;
  scorer: TextScorer;
  /** Whether a reply claimed an act for this message. Then a tool is called if one is at all likely. Default: false. */
  mustAct?: boolean | undefined;
  /** Whether a tool is called even if none fits. Then the decision is never `ask`. Default: false. */
  isForced?: boolean | undefined;
}

interface Choice {
  tool: EngineTool | null;
  probability: number;
  /** Tools by descending probability, without the option of no tool. */
  ranked: readonly EngineTool[];
}

/** Decides on the response to a message: calls with arguments, no call, or a question to the user. */
export async function decide({
  messages,
  evidence,
  scorer,
  mustAct = false,
  isForced = false,
}: DecisionInput): Promise<Decision> {
  const followUp = readFollowUp(messages);
  if (isForced) return decideForced(followUp, evidence, scorer);
  if (followUp.answer === "no") return { kind: "none" };
  if (followUp.answer === null && isUnwanted(followUp.message)) return { kind: "none" };
  const parts = followUp.answer === null ? splitActs(followUp.message) : [followUp.message];
  if (parts.length > 1) {
    const several = await decideSeveral(parts, followUp, evidence, scorer);
    if (several !== null) return several;
  }
  return decideOne(followUp, evidence, scorer, mustAct);
}

/** Decides on calls even if no tool fits: of the most likely tool, where the model writes what was not stated. */
async function decideForced(followUp: FollowUp, evidence: ListEvidence, scorer: TextScorer): Promise<Decision> {
  const parts = followUp.answer === null ? splitActs(followUp.message) : [followUp.message];
  const several = parts.length > 1 ? await decideSeveral(parts, followUp, evidence, scorer) : null;
  if (several !== null) return several;
  const { tool, ranked } = await choose(followUp, evidence, scorer);
  const chosen = tool ?? ranked[0];
  if (chosen === undefined) return { kind: "none" };
  const { sets, missing, unwritten } = await complete(chosen, followUp, evidence, scorer);
  const left = [...unwritten, ...missing];
  return { kind: "calls", calls: sets.map((set) => ({ tool: chosen, arguments: set, unwritten: left })) };
}

/** Decides on a message that asks for several acts. Returns null where it does not, or where one of them is unclear. */
async function decideSeveral(
  parts: readonly string[],
  followUp: FollowUp,
  evidence: ListEvidence,
  scorer: TextScorer,
): Promise<Decision | null> {
  const isAct = (part: string) =>
    wordEvidence({ message: part, before: null, leansOnIt: false, answer: null }, evidence.tools).some(
      ({ words, values, number }) => words + values > 0 || number > 0,
    );
  if (parts.filter(isAct).length < 2) return null;
  const calls: DecidedCall[] = [];
  let before = followUp.before;
  for (const [index, part] of parts.entries()) {
    const own: FollowUp = { message: part, before, leansOnIt: index > 0 || followUp.leansOnIt, answer: null };
    const { tool, probability } = await choose(own, evidence, scorer);
    if (tool === null) continue;
    if (probability < LIKELY) return null;
    const completed = await complete(tool, own, evidence, scorer);
    if (completed.missing.length > 0) return null;
    for (const set of completed.sets) calls.push({ tool, arguments: set, unwritten: completed.unwritten });
    const input = completed.sets.at(-1);
    if (input !== undefined) before = { id: "", name: tool.name, arguments: input };
  }
  const distinct = new Set(calls.map(({ tool, arguments: input }) => JSON.stringify([tool.name, input])));
  return distinct.size < 2 || distinct.size < calls.length ? null : { kind: "calls", calls };
}

async function decideOne(
  followUp: FollowUp,
  evidence: ListEvidence,
  scorer: TextScorer,
  mustAct: boolean,
): Promise<Decision> {
  const { message, answer } = followUp;
  const { tool, probability, ranked } = await choose(followUp, evidence, scorer);
  const [first, second] = ranked;
  // An answer to our own question refers to the tool that was asked about.
  const isOpen = answer !== null || (mustAct && probability < SURE);
  const chosen = tool === null && isOpen ? (first ?? null) : tool;
  const isLook = tool?.changesWorld === false && probability >= LIKELY_ENOUGH_TO_LOOK;
  if (answer === null && !isLook && probability < LIKELY && first !== undefined) {
    const meant = tool === null || second === undefined ? [first] : [first, second];
    return { kind: "ask", question: askWhich(message, meant) };
  }
  if (chosen === null) return { kind: "none" };
  const completed = await complete(chosen, followUp, evidence, scorer);
  const [missing] = completed.missing;
  if (missing !== undefined) return { kind: "ask", question: askForArgument(message, chosen, missing) };
  if (answer === null && chosen.changesWorld === true && probability < SURE_ENOUGH_TO_ACT) {
    return { kind: "ask", question: askForConsent(message, chosen, completed.sets[0] ?? {}) };
  }
  const calls = completed.sets.map((set) => ({ tool: chosen, arguments: set, unwritten: completed.unwritten }));
  return { kind: "calls", calls };
}

/** Chooses a tool or none: by words only where they are sure, otherwise also by the model's scores. */
async function choose(followUp: FollowUp, evidence: ListEvidence, scorer: TextScorer): Promise<Choice> {
  const { tools } = evidence;
  const { message } = followUp;
  const words = wordEvidence(followUp, tools);
  const input: ChoiceInput = {
    tools,
    list: null,
    words,
    followUp,
    asking: askingOf(message),
    marks: requestMarks(message),
  };
  const byWords = rank(input, wordWeights);
  if (byWords.probability >= SURE) return byWords;
  return rank({ ...input, list: await evidence.score(scorer, message) }, listWeights);
}

function rank(input: ChoiceInput, weights: typeof wordWeights): Choice {
  const probabilities = choiceProbabilities(choiceFeatures(input), weights);
  const best = probabilities.indexOf(Math.max(...probabilities));
  const byProbability = input.tools
    .map((tool, at) => ({ tool, probability: probabilities[at] ?? 0 }))
    .sort((one, other) => other.probability - one.probability);
  return {
    tool: input.tools[best] ?? null,
    probability: probabilities[best] ?? 0,
    ranked: byProbability.map(({ tool }) => tool),
  };
}

/** Completes the arguments of a tool. The model is asked about choices that no word names. */
async function complete(
  tool: EngineTool,
  followUp: FollowUp,
  evidence: ListEvidence,
  scorer: TextScorer,
): Promise<CompletedArguments> {
  const completed = completeArguments(tool, followUp);
  for (const property of completed.open) {
    const value = await likeliestValue(tool, property, followUp.message, evidence, scorer);
    if (value === null) completed.missing.push(property);
    else for (const set of completed.sets) set[property.name] = value;
  }
  return completed;
}

/** Returns the value that a message implies without naming it, or null where none is clearly the most likely. */
async function likeliestValue(
  tool: EngineTool,
  { name, choices }: ArgumentProperty,
  message: string,
  { list, neutralValues }: ListEvidence,
  scorer: TextScorer,
): Promise<unknown> {
  const words = choices.map((value) => ` ${String(value).replaceAll("_", " ")}`);
  const behind = async (said: string) => {
    const scores = await scorer.score(`${listLine(list, said)} ${tool.name}, ${name}:`, words);
    return scores.map((tokens) => tokens.reduce((sum, score) => sum + score, 0));
  };
  const given = await behind(inOneLine(message));
  const key = `${tool.name} ${name}`;
  const neutral = neutralValues.get(key) ?? (await behind(NEUTRAL_MESSAGE));
  neutralValues.set(key, neutral);
  const raised = given.map((score, at) => Math.exp(score - (neutral[at] ?? 0)));
  const sum = raised.reduce((total, score) => total + score, 0);
  const best = raised.indexOf(Math.max(...raised));
  return (raised[best] ?? 0) / sum >= MIN_VALUE_MARGIN ? choices[best] : null;
}
