import { NanoAgentError } from "@nanoagent/models";
import type { AgentEvent, StepEndReason } from "./agent-event.js";
import type { Engine, EngineRequest, TokenUsage } from "./engines/engine.js";
import { sumUsage } from "./engines/sum-usage.js";
import { NanoRuntimeError } from "./nano-runtime-error.js";
import { type ArgumentsFor, runStep, type StepResult } from "./run-step.js";
import type { CallTool, Turn } from "./session/turn.js";
import { RepeatedCalls } from "./tools/repeated-calls.js";
import { unknownTool } from "./tools/tool-outcome.js";
import { MAX_RESULT_CHARACTERS } from "./tools/tool-result-text.js";
import type { ToolCallOptions } from "./tools/tool-set.js";

/** Default limit of steps: a model that still calls tools after so many is going in circles. */
const DEFAULT_MAX_STEPS = 8;
/** Default limit of tokens that one message may cost: a small model that has lost its thread would go on. */
const DEFAULT_MAX_TOKENS = 32_768;
/** Wrong calls in a row that end the turn: the engine is told why, and may repair a call once. */
const MAX_INVALID_CALLS = 2;
/** Characters of all results of a step together, for each token of the context. */
const RESULT_CHARACTERS_PER_CONTEXT_TOKEN = 1;
/** Characters of a result that are shown however small the context is. */
const MIN_RESULT_CHARACTERS = 200;

/** Limits of the work on one message. */
export interface LoopLimits {
  /** Most requests to the engine. Default: 8. */
  maxSteps?: number | undefined;
  /** Tokens written after which the engine is not asked again. Default: 32,768. */
  maxTokens?: number | undefined;
}

export interface LoopResult {
  text: string;
  reason: StepEndReason;
  usage: TokenUsage | null;
}

export interface LoopOptions {
  engine: Engine;
  turn: Turn;
  /** Makes the next request: the turn as far as it has come. */
  nextRequest: () => Promise<EngineRequest>;
  /** Default: there are no tools. */
  callTool?: CallTool | undefined;
  /** Says what the tool of a call would get: that is told and kept. */
  argumentsFor?: ArgumentsFor | undefined;
  limits?: LoopLimits | undefined;
}

/**
 * Asks the engine until it has answered, and runs the tools that it calls in between. Yields events and returns the
 * answer; throws the error that ends the turn without one. After an abort it returns with reason `abort`, at the latest
 * after the engine's grace.
 */
export async function* runAgentLoop(
  { engine, turn, nextRequest, callTool = async (call) => unknownTool(call), argumentsFor, limits = {} }: LoopOptions,
  signal: AbortSignal,
): AsyncGenerator<AgentEvent, LoopResult> {
  const { maxSteps = DEFAULT_MAX_STEPS, maxTokens = DEFAULT_MAX_TOKENS } = limits;
  const repeated = new RepeatedCalls();
  const onText = (text: string) => turn.show(text);
  let invalidCalls = 0;
  const usages: (TokenUsage | null)[] = [];
  for (let step = 1; step <= maxSteps; step++) {
    let result: StepResult;
    const { contextTokens } = engine;
    try {
      result = yield* runStep(engine, await nextRequest(), signal, { onText, argumentsFor });
    } catch (error) {
      if (!isExceeded(error) || (engine.contextTokens ?? 0) >= (contextTokens ?? 0)) throw error;
      // Memory ran short meanwhile, and the context is smaller now: less of the history fits.
      result = yield* runStep(engine, await nextRequest(), signal, { onText, argumentsFor });
    }
    usages.push(result.usage);
    const calls = result.reason === "abort" || result.reason === "repetition" ? [] : result.calls;
    if (calls.length > 0) {
      const kept = calls.map((call) => call.kept);
      turn.addCalls(result.text, kept);
    }
    for (const { kept, given } of calls) {
      const maxResultCharacters = resultCharacters(engine, calls.length);
      // The tool gets the arguments as the engine gave them; the conversation keeps a bounded copy.
      const run = (options: ToolCallOptions) => callTool(given, options);
      const { outcome, content, isError } = await turn.act(kept, run, { signal, maxResultCharacters });
      yield { type: "tool-result", id: kept.id, name: kept.name, content, is_error: isError };
      if (repeated.add(kept.name, kept.arguments, content)) throw inCircles(kept.name);
      invalidCalls = outcome === "invalid-arguments" ? invalidCalls + 1 : 0;
      if (invalidCalls === MAX_INVALID_CALLS) throw callNotValid(kept.name, content);
    }
    const reason = signal.aborted ? "abort" : result.reason;
    yield { type: "step-end", step, reason, usage: result.usage };
    if (reason === "abort" || calls.length === 0) {
      return { text: result.text, reason, usage: sumUsage(usages) };
    }
    const written = usages.reduce((sum, usage) => sum + (usage?.completion_tokens ?? 0), 0);
    if (written >= maxTokens) throw tooManyTokens(maxTokens);
  }
  throw new NanoRuntimeError({
    code: "too-many-steps",
    message: `The engine called tools ${maxSteps} times in a row without an answer.`,
    hint: "Ask again in other words, or use a more able model.",
  });
}

function isExceeded(error: unknown): boolean {
  return NanoAgentError.isInstance(error) && error.code === "context-exceeded";
}

/** Characters that are shown of each result, so that the results of a step leave room in the context for the reply. */
function resultCharacters({ contextTokens }: Engine, calls: number): number {
  if (contextTokens === null) return MAX_RESULT_CHARACTERS;
  const share = Math.floor((contextTokens * RESULT_CHARACTERS_PER_CONTEXT_TOKEN) / calls);
  return Math.min(MAX_RESULT_CHARACTERS, Math.max(MIN_RESULT_CHARACTERS, share));
}

function callNotValid(name: string, reason: string): NanoRuntimeError {
  return new NanoRuntimeError({
    code: "call-not-valid",
    message: `The engine called the tool "${name}" with arguments that are not right, and did not repair them.`,
    reason,
    hint: "Ask again in other words, or use a more able model.",
  });
}

function tooManyTokens(maxTokens: number): NanoRuntimeError {
  return new NanoRuntimeError({
    code: "too-many-tokens",
    message: `The engine wrote ${maxTokens} tokens and more about one message, and still called tools.`,
    hint: "Ask again in other words, use a more able model, or raise limits.maxTokens.",
  });
}

function inCircles(name: string): NanoRuntimeError {
  return new NanoRuntimeError({
    code: "repeated-calls",
    message: `The engine called the same tools again and again, the last one "${name}", and learned nothing new.`,
    hint: "Ask again in other words, or use a more able model.",
  });
}
