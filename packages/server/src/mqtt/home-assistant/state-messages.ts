import { BYTES_PER_MB, cutText } from "@nanoagent/models";
import type { AgentFacts, FinishedAct } from "../bridged-agent.js";

/**
 * Longest text in the attributes of an entity, in characters. Home Assistant records attributes of at most 16 KB, and a
 * character takes up to three bytes.
 */
const MAX_ATTRIBUTE_CHARACTERS = 5000;
const MAX_PROBLEM_CHARACTERS = 1000;
const MAX_EVENT_CHARACTERS = 1000;

/** Returns the JSON of `PREFIX/ID/state`. Figures are rounded, so that it changes only when people would notice. */
export function stateMessage(facts: AgentFacts): string {
  const { state, problem, memoryBytes, tokensPerSecond, temperatureCelsius } = facts;
  return JSON.stringify({
    state,
    problem: problem && cutText(problem, MAX_PROBLEM_CHARACTERS),
    memory_mb: memoryBytes === null ? null : Math.round(memoryBytes / BYTES_PER_MB),
    tokens_per_second: tokensPerSecond === null ? null : tenths(tokensPerSecond),
    temperature_celsius: temperatureCelsius === null ? null : Math.round(temperatureCelsius),
  });
}

/** Returns the JSON of `PREFIX/ID/last-answer`. `trigger` is null for the answer to a question. */
export function lastAnswerMessage(answer: { text: string; trigger: string | null; at: number }): string {
  const text = cutText(answer.text, MAX_ATTRIBUTE_CHARACTERS);
  const isCut = text.length < answer.text.length;
  return JSON.stringify({ text, trigger: answer.trigger, at: isoTime(answer.at), ...(isCut && { is_cut: true }) });
}

/** Returns the JSON of `PREFIX/ID/event`. `event_type` is Home Assistant's name for the outcome. */
export function eventMessage({ trigger, event, outcome, text, at }: FinishedAct): string {
  const shown = cutText(text, MAX_EVENT_CHARACTERS);
  return JSON.stringify({ event_type: outcome, trigger, event, text: shown, at: isoTime(at) });
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}

function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
