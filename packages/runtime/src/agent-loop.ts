import { NanoAgentError } from "@nanoagent/models";
import type { ActTruth } from "./acts/act-truth.js";
import type { Claim } from "./acts/claims-act.js";
import { showNothing } from "./acts/text-filter.js";
import type { EmitEvent, StepEndReason } from "./agent-event.js";
import type { Engine, EngineRequest, TokenUsage, ToolCall } from "./engines/engine.js";
import { sumUsage } from "./engines/sum-usage.js";
import { NanoRuntimeError } from "./nano-runtime-error.js";
import { type ArgumentsFor, runStep, type StepResult } from "./run-step.js";
import type { CallTool, Turn } from "./session/turn.js";
import type { KeptCall } from "./tools/kept-call.js";
import { callKey, RepeatedCalls } from "./tools/repeated-calls.js";
import { unknownTool } from "./tools/tool-outcome.js";
import { MAX_RESULT_CHARACTERS } from "./tools/tool-result-text.js";
import type { TurnAbort } from "./turn-abort.js";

/** Default limit of steps: a model that still calls tools after so many is going in circles. */
const DEFAULT_MAX_STEPS = 8;
/** Default limit of tokens that one message may cost: a small model that has lost its thread would go on. */
const DEFAULT_MAX_TOKENS = 32_768;
/** Wrong calls in a row that end the turn: the engine is told why, and may repair a call once. */
const MAX_INVALID_CALLS = 2;
/** Most calls that run at a time: each may be a process, and small computers have few cores. */
const MAX_CALLS_TOGETHER = 4;
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
  emit: EmitEvent;
  /** Makes the next request: the turn as far as it has come. */
  nextRequest: () => Promise<EngineRequest>;
  /** Is told that a reply was left before its end: the engine may still read the request. */
  onLeft?: (() => void) | undefined;
  /** Default: there are no tools. */
  callTool?: CallTool | undefined;
  /** Whether a call may run beside others. Default: none does. */
  runsBeside?: ((call: ToolCall) => boolean) | undefined;
  /** Says what the tool of a call would get: that is told and kept. */
  argumentsFor?: ArgumentsFor | undefined;
  /** Keeps the reply from claiming acts that did not happen. Default: it may claim anything. */
  truth?: ActTruth | null | undefined;
  limits?: LoopLimits | undefined;
}

/**
 * How the next request is asked: as it is; held to a choice of a tool, after a claim of an act that did not happen; or
 * without tools, after a call whose result is there already.
 */
type Asking = "freely" | "for-a-call" | "for-an-answer";

/**
 * Asks the engine until it has answered, and runs the tools that it calls in between. Emits events and returns the
 * answer; throws the error that ends the turn without one. After an abort it returns with reason `abort`, at the latest
 * after the engine's grace.
 *
 * - A call that repeats a successful one of the step before is not run: its result is there, and the engine is asked to
 *   answer, without tools.
 * - A reply that claims an act that did not happen is not shown. The engine is asked once more, held to a choice of a tool;
 *   if it still calls none, the reply says that nothing was done.
 */
export async function runAgentLoop(options: LoopOptions, abort: TurnAbort): Promise<LoopResult> {
  const { engine, turn, emit, truth = null, limits = {} } = options;
  const { maxSteps = DEFAULT_MAX_STEPS, maxTokens = DEFAULT_MAX_TOKENS } = limits;
  const calling = new Calling(options);
  const usages: (TokenUsage | null)[] = [];
  let asking: Asking = "freely";
  let claim: Claim | null = null;
  /** Text that was shown and belongs to the next message of the engine. */
  let said = "";
  for (let step = 1; step <= maxSteps; step++) {
    let result: StepResult;
    const { contextTokens } = engine;
    try {
      result = await ask(options, abort, { asking, said, calling });
    } catch (error) {
      if (!isExceeded(error) || (engine.contextTokens ?? 0) >= (contextTokens ?? 0)) throw error;
      // Memory ran short meanwhile, and the context is smaller now: less of the history fits.
      result = await ask(options, abort, { asking, said, calling });
    }
    usages.push(result.usage);
    said += result.text;
    const { skipped } = result;
    const calls = result.reason === "abort" || result.reason === "repetition" ? [] : result.calls;
    if (asking === "for-an-answer") {
      const [again = skipped] = calls.map(({ kept }) => kept);
      if (again !== null) throw inCircles(again.name);
    }
    if (calls.length > 0) {
      turn.addCalls(
        said,
        calls.map((call) => call.kept),
      );
      said = "";
      await calling.run(calls, abort);
    }
    claim = result.claim ?? claim;
    const isOver = abort.aborted || result.reason === "abort";
    let next: Asking | null = calls.length > 0 ? "freely" : null;
    if (!isOver && calls.length === 0) {
      if (result.claim !== null) {
        await emit({ type: "claim-withheld", text: result.claim.sentence });
        if (step < maxSteps) next = "for-a-call";
      } else if (skipped !== null && result.text.trim() === "") next = "for-an-answer";
      if (claim !== null && truth !== null && next === null && (result.claim !== null || asking === "for-a-call")) {
        const correction = `${/\S$/u.test(said) ? " " : ""}${truth.correctionOf(claim)}`;
        said += correction;
        turn.show(correction);
        await emit({ type: "text-delta", text: correction });
        result.reason = "stop";
      }
    }
    const reason = isOver ? "abort" : next === null && result.reason === "tool-calls" ? "stop" : result.reason;
    await emit({ type: "step-end", step, reason, usage: result.usage });
    if (isOver || next === null) return { text: said, reason, usage: sumUsage(usages) };
    asking = next;
    const written = usages.reduce((sum, usage) => sum + (usage?.completion_tokens ?? 0), 0);
    if (written >= maxTokens) throw tooManyTokens(maxTokens);
  }
  throw new NanoRuntimeError({
    code: "too-many-steps",
    message: `The engine called tools ${maxSteps} times in a row without an answer.`,
    hint: "Ask again in other words, or use a more able model.",
  });
}

/** Has the engine write one reply. */
async function ask(
  { engine, turn, emit, nextRequest, onLeft, argumentsFor, truth = null }: LoopOptions,
  abort: TurnAbort,
  { asking, said, calling }: { asking: Asking; said: string; calling: Calling },
): Promise<StepResult> {
  const request = asked(await nextRequest(), asking);
  return runStep(engine, request, abort, {
    emit,
    onText: (text) => turn.show(text),
    onRetraction: () => turn.takeBack(said),
    onLeft,
    argumentsFor,
    filter: asking === "for-a-call" ? showNothing : (truth?.filterFor(request) ?? null),
    skips: (call) => asking !== "for-a-call" && calling.isRepeated(call),
  });
}

function asked(request: EngineRequest, asking: Asking): EngineRequest {
  if (asking === "freely") return request;
  return asking === "for-a-call" ? { ...request, toolChoice: "required" } : { ...request, tools: [] };
}

/** Runs the calls of a turn, step by step. */
class Calling {
  readonly #options: LoopOptions;
  readonly #repeated = new RepeatedCalls();
  /** Calls of the step before that succeeded. */
  #done = new Set<string>();
  #invalidCalls = 0;

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  isRepeated(call: ToolCall): boolean {
    return this.#done.has(callKey(call));
  }

  /**
   * Runs the calls of a step, and emits their results in the order of the calls. Neighbors that only look run together;
   * a call that changes the world, or that somebody is asked about, waits for those before it and runs alone.
   */
  async run(calls: readonly KeptCall[], { signal }: TurnAbort): Promise<void> {
    const { engine, turn, emit, callTool = async (call) => unknownTool(call), truth } = this.#options;
    const maxResultCharacters = resultCharacters(engine, calls.length);
    const done = new Set<string>();
    for (let at = 0; at < calls.length; ) {
      const together = this.#together(calls.slice(at, at + MAX_CALLS_TOGETHER));
      at += together.length;
      // The tool gets the arguments as the engine gave them; the conversation keeps a bounded copy.
      const running = together.map(({ given }) =>
        turn.perform((options) => callTool(given, options), { signal, maxResultCharacters }),
      );
      let failure: NanoRuntimeError | null = null;
      for (const [index, outcome] of (await Promise.all(running)).entries()) {
        const { kept } = together[index] as KeptCall;
        const { content, isError } = outcome;
        turn.addResult(kept, outcome);
        truth?.noteOutcome(kept.name, outcome);
        if (!isError) done.add(callKey(kept));
        await emit({ type: "tool-result", id: kept.id, name: kept.name, content, is_error: isError });
        this.#invalidCalls = outcome.outcome === "invalid-arguments" ? this.#invalidCalls + 1 : 0;
        if (this.#repeated.add(kept.name, kept.arguments, content)) failure ??= inCircles(kept.name);
        if (this.#invalidCalls === MAX_INVALID_CALLS) failure ??= callNotValid(kept.name, content);
      }
      if (failure !== null) throw failure;
    }
    this.#done = done;
  }

  /** Returns the first of these calls, with those behind it that run beside it. */
  #together(calls: readonly KeptCall[]): readonly KeptCall[] {
    const { runsBeside = () => false } = this.#options;
    const end = calls.findIndex(({ given }) => !runsBeside(given));
    return calls.slice(0, end < 0 ? calls.length : Math.max(1, end));
  }
}

function isExceeded(error: unknown): boolean {
  return NanoAgentError.isInstance(error) && error.code === "context-exceeded";
}

/** Characters that are shown of each result, so that the results of a step leave room in the context for the reply. */
function resultCharacters(engine: Engine, calls: number): number {
  const contextTokens = engine.longestContextTokens ?? engine.contextTokens;
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
