import type { AgentMessage, NanoAgentError, Scenario, ScenarioFile, ScenarioTurn } from "@nanoagent/models";
import type { Agent } from "../agent.js";
import type { AgentEvent } from "../agent-event.js";
import type { Conversation } from "../conversation.js";
import type { TurnOptions } from "../run-turn.js";
import type { ScenarioResult, TurnResult } from "./eval-result.js";
import { expectedCalls, judgeTurn, type ObservedCall } from "./judge-turn.js";
import { turnsOf } from "./scenario-turns.js";
import { DEFAULT_LANGUAGE } from "./select-scenarios.js";
import type { ToolWitness } from "./tool-witness.js";

/** Everything that the scenarios of a file share. */
export interface ScenarioRunner {
  readonly agent: Agent;
  readonly file: ScenarioFile;
  readonly witness: ToolWitness;
  readonly turnOptions: TurnOptions;
}

/** A scenario's result, and for each turn the error that ended it, or null. */
export interface ScenarioRun {
  readonly result: ScenarioResult;
  readonly errors: readonly (NanoAgentError | null)[];
}

/** Runs a scenario in a new conversation. Returns null when it was aborted. */
export async function runScenario(
  runner: ScenarioRunner,
  scenario: Scenario,
  run: number,
): Promise<ScenarioRun | null> {
  const { agent, file, turnOptions } = runner;
  await using conversation = await agent.converse({ before: messagesBefore(scenario) });
  const turns: TurnResult[] = [];
  const errors: (NanoAgentError | null)[] = [];
  for (const turn of turnsOf(scenario)) {
    const { result, error } = await runScenarioTurn(runner, conversation, turn);
    if (turnOptions.signal?.aborted) return null;
    turns.push(result);
    errors.push(error);
  }
  return { result: scenarioResult(file.name, scenario, run, turns), errors };
}

export function scenarioResult(
  file: string,
  {
    id,
    groups = [],
    language = DEFAULT_LANGUAGE,
    part = null,
  }: Pick<Scenario, "id" | "groups" | "language"> & { part?: ScenarioResult["part"] | undefined },
  run: number,
  turns: readonly TurnResult[],
): ScenarioResult {
  const verdict = turns.find((turn) => turn.verdict !== "right")?.verdict ?? "right";
  return { file, id, groups, language, part, run, verdict, turns };
}

async function runScenarioTurn(
  { file, witness, turnOptions }: ScenarioRunner,
  conversation: Conversation,
  turn: ScenarioTurn,
): Promise<{ result: TurnResult; error: NanoAgentError | null }> {
  const calls: ObservedCall[] = witness.begin();
  const begin = performance.now();
  let last: AgentEvent | null = null;
  for await (const event of conversation.stream(turn.say, turnOptions)) {
    if (event.type === "tool-call") witness.check(event.name, event.arguments);
    last = event;
  }
  const milliseconds = performance.now() - begin;
  const error = last?.type === "error" ? last.error : null;
  const reply = last?.type === "run-end" || last?.type === "error" ? (last.reply?.content ?? "") : "";
  const usage = last?.type === "run-end" ? last.usage : null;
  const observed = { calls, reply, error: error?.message ?? null };
  const result: TurnResult = {
    say: turn.say,
    ...judgeTurn(turn, observed, file.tools),
    expects_call: expectedCalls(turn).length > 0,
    ...observed,
    milliseconds,
    prompt_tokens: usage?.prompt_tokens ?? null,
    completion_tokens: usage?.completion_tokens ?? null,
    deciding_tokens: usage?.deciding_tokens ?? null,
  };
  return { result, error };
}

function messagesBefore({ before = [] }: Scenario) {
  const timestamp = new Date(0).toISOString();
  return before.map(({ tool_calls, tool_call_id, ...message }) => ({
    ...(message satisfies Omit<AgentMessage, "timestamp">),
    timestamp,
    ...(tool_calls !== undefined && { tool_calls }),
    ...(tool_call_id !== undefined && { tool_call_id }),
  }));
}
