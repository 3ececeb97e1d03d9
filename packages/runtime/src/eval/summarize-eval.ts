import type { EvalSummary, Quantiles, ScenarioResult, TurnResult } from "./eval-result.js";
import type { Verdict } from "./judge-turn.js";
import { wilsonInterval } from "./wilson-interval.js";

/** Verdicts in report order. */
export const VERDICTS: readonly Verdict[] = ["right", "wrong", "missed", "needless", "invalid"];

export function summarizeEval(results: readonly ScenarioResult[]): EvalSummary {
  const turns = results.flatMap((result) => result.turns);
  const calls = turns.flatMap((turn) => turn.calls);
  const needing = turns.filter((turn) => turn.expects_call);
  const needingNone = turns.filter((turn) => !turn.expects_call);
  const counted = VERDICTS.map((verdict) => [verdict, results.filter((result) => result.verdict === verdict).length]);
  const verdicts = Object.fromEntries(counted) as Record<Verdict, number>;
  const quantiles = (key: "milliseconds" | "prompt_tokens" | "completion_tokens" | "deciding_tokens") =>
    quantilesOf(turns.map((turn) => turn[key]));
  return {
    right: wilsonInterval(verdicts.right, results.length),
    verdicts,
    missed: wilsonInterval(needing.filter(({ verdict }) => verdict === "missed").length, needing.length),
    needless: wilsonInterval(needingNone.filter(hasCalled).length, needingNone.length),
    invalid_calls: wilsonInterval(calls.filter(({ issue }) => issue !== null).length, calls.length),
    failed_turns: turns.filter(({ error }) => error !== null).length,
    milliseconds: quantiles("milliseconds"),
    prompt_tokens: quantiles("prompt_tokens"),
    completion_tokens: quantiles("completion_tokens"),
    deciding_tokens: quantiles("deciding_tokens"),
  };
}

/** Ways to group results, by the name of the report section. */
const divisions = {
  group: ({ groups }: ScenarioResult) => groups,
  language: ({ language }: ScenarioResult) => [language],
  file: ({ file }: ScenarioResult) => [file],
} as const;

/** Returns summaries by group, language or file, in order of first occurrence. */
export function summarizeBy(
  division: keyof typeof divisions,
  results: readonly ScenarioResult[],
): { name: string; summary: EvalSummary }[] {
  const keysOf = divisions[division];
  return [...new Set(results.flatMap(keysOf))].map((name) => ({
    name,
    summary: summarizeEval(results.filter((result) => keysOf(result).includes(name))),
  }));
}

function hasCalled({ calls }: TurnResult): boolean {
  return calls.length > 0;
}

function quantilesOf(values: readonly (number | null)[]): Quantiles | null {
  const sorted = values.filter((value) => value !== null).sort((one, other) => one - other);
  if (sorted.length === 0) return null;
  // Nearest rank, so that the result is a measured value.
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number;
  return { median: at(0.5), p95: at(0.95) };
}
