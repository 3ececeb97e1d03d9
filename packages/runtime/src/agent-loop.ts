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
import { failureOf, unknownTool } from "./tools/tool-outcome.js";
import { MAX_RESULT_CHARACTERS } from "./tools/tool-result-text.js";
import type { TurnAbort } from "./turn-abort.js";

/** Default step limit. A model that still calls tools after this many steps is stuck in a loop. */
const DEFAULT_MAX_STEPS = 8;
/** Default token limit per message. It stops a small model that has lost the thread. */
const DEFAULT_MAX_TOKENS = 32_768;
/** Invalid calls in a row that end the turn. The engine sees the error and can repair a call once. */
const MAX_INVALID_CALLS = 2;
/** Most calls that run in parallel. Each may be a process, and small computers have few cores. */
const MAX_CALLS_TOGETHER = 4;
/** Characters for all results of a step together, per token of the context. */
const RESULT_CHARACTERS_PER_CONTEXT_TOKEN = 1;
/** Characters shown of each result even if the context is small. */
const MIN_RESULT_CHARACTERS = 200;

/** Limits of the work on one message. */
export interface LoopLimits {
  /** Most requests to the engine. Default: 8. */
  maxSteps?: number | undefined;
  /** Generated tokens after which the engine is not asked again. Default: 32,768. */
  maxTokens?: number | undefined;
}

export interface LoopResult {
  text: string;
  reason: StepEndReason;
  usage: TokenUsage | null;
  /** Calls that the caller runs. They are the last thing in the turn. */
  calls?: readonly ToolCall[] | undefined;
  /** Whether the engine did not understand the message. Absent: it did, or cannot tell. */
  notUnderstood?: true | undefined;
}

export interface LoopOptions {
  engine: Engine;
  turn: Turn;
  emit: EmitEvent;
  /** Builds the next request: the turn so far. */
  nextRequest: () => Promise<EngineRequest>;
  /** Called when a reply is abandoned before its end. The engine may still be reading the request. */
  onLeft?: (() => void) | undefined;
  /** Default: no tools. */
  callTool?: CallTool | undefined;
  /** Whether a call may run in parallel with others. Default: no call may. */
  runsBeside?: ((call: ToolCall) => boolean) | undefined;
  /** Returns the arguments that the tool would get. Events and the conversation contain these. */
  argumentsFor?: ArgumentsFor | undefined;
  /** Whether the caller runs this tool itself. A call of it ends the turn. Default: the caller runs none. */
  isCallers?: ((name: string) => boolean) | undefined;
  /** Whether the engine's first reply must be a call. Default: false. */
  mustCall?: boolean | undefined;
  /** Keeps the reply from claiming acts that did not happen. Default: replies are not checked. */
  truth?: ActTruth | null | undefined;
  limits?: LoopLimits | undefined;
}

/**
 * How the next request is sent: unchanged; with a tool call required, after a claim of an act that did not happen; or
 * without tools, after a call whose result is already known.
 */
type Asking = "freely" | "for-a-call" | "for-an-answer";

/**
 * Asks the engine until it has answered, and runs the tools that it calls in between. Emits events and returns the
 * answer; throws if the turn ends without one. After an abort it returns with reason `abort`, at the latest after the
 * engine's grace period.
 *
 * - A call that repeats a successful one of the previous step is not run. Its result is already known, and the engine
 *   is asked to answer without tools.
 * - A call of a tool that the caller runs ends the turn, after the other calls of its step were run.
 * - A reply that claims an act that did not happen is not shown. The engine is asked once more, with a tool call
 *   required; if it still calls none, the reply says that nothing was done.
 */
export async function runAgentLoop(options: LoopOptions, abort: TurnAbort): Promise<LoopResult> {
  const { engine, turn, emit, truth = null, isCallers = () => false, mustCall = false, limits = {} } = options;
  const { maxSteps = DEFAULT_MAX_STEPS, maxTokens = DEFAULT_MAX_TOKENS } = limits;
  const calling = new Calling(options);
  const usages: (TokenUsage | null)[] = [];
  let asking: Asking = "freely";
  let claim: Claim | null = null;
  /** Text that was already shown and belongs to the engine's next message. */
  let said = "";
  for (let step = 1; step <= maxSteps; step++) {
    let result: StepResult;
    const { contextTokens } = engine;
    try {
      result = await ask(options, abort, { asking, said, calling, step });
    } catch (error) {
      if (!isExceeded(error) || (engine.contextTokens ?? 0) >= (contextTokens ?? 0)) throw error;
      // The context shrank under memory pressure in the meantime, so less of the history fits.
      result = await ask(options, abort, { asking, said, calling, step });
    }
    usages.push(result.usage);
    said += result.text;
    const { skipped } = result;
    const calls = result.reason === "abort" || result.reason === "repetition" ? [] : result.calls;
    if (asking === "for-an-answer") {
      const [again = skipped] = calls.map(({ kept }) => kept);
      if (again !== null) throw inCircles(again.name);
    }
    let told = "";
    const forCaller = calls.flatMap(({ kept }) => (isCallers(kept.name) ? [kept] : []));
    if (calls.length > 0) {
      turn.addCalls(
        said,
        calls.map((call) => call.kept),
      );
      told = said;
      said = "";
      await calling.run(
        calls.filter(({ kept }) => !isCallers(kept.name)),
        abort,
      );
    }
    claim = result.claim ?? claim;
    const isOver = abort.aborted || result.reason === "abort";
    if (mustCall && calls.length === 0 && !isOver) throw callMissing(engine);
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
    if (forCaller.length > 0 && !isOver) return { text: told, reason, usage: sumUsage(usages), calls: forCaller };
    if (isOver || next === null) {
      const { notUnderstood } = result;
      return { text: said, reason, usage: sumUsage(usages), notUnderstood };
    }
    asking = next;
    const written = usages.reduce((sum, usage) => sum + (usage?.completion_tokens ?? 0), 0);
    if (written >= maxTokens) throw tooManyTokens(maxTokens);
  }
  throw new NanoRuntimeError({
    code: "too-many-steps",
    message: `The engine called tools ${maxSteps} times in a row without answering.`,
    hint: "Rephrase the message, or use a more capable model.",
  });
}

/** Lets the engine write one reply. */
async function ask(
  { engine, turn, emit, nextRequest, onLeft, argumentsFor, truth = null }: LoopOptions,
  abort: TurnAbort,
  { asking, said, calling, step }: { asking: Asking; said: string; calling: Calling; step: number },
): Promise<StepResult> {
  const request = asked(await nextRequest(), asking);
  return runStep(engine, request, abort, {
    emit,
    onText: (text) => turn.show(text),
    onRetraction: () => turn.takeBack(said),
    onLeft,
    onFailedEnd: (reason, usage) => emit({ type: "step-end", step, reason, usage }),
    argumentsFor,
    filter: asking === "for-a-call" ? showNothing : (truth?.filterFor(request) ?? null),
    skips: (call) => asking !== "for-a-call" && calling.isRepeated(call),
  });
}

function asked(request: EngineRequest, asking: Asking): EngineRequest {
  if (asking === "freely") return request;
  return asking === "for-a-call" ? { ...request, toolChoice: "required" } : { ...request, tools: [] };
}

/** Runs the tool calls of a turn, step by step. */
class Calling {
  readonly #options: LoopOptions;
  readonly #repeated = new RepeatedCalls();
  /** Successful calls of the previous step. */
  #done = new Set<string>();
  #invalidCalls = 0;

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  isRepeated(call: ToolCall): boolean {
    return this.#done.has(callKey(call));
  }

  /**
   * Runs the calls of a step, and emits their results in the order of the calls. Adjacent read-only calls run in
   * parallel; a call that changes the world or needs permission waits for those before it and runs alone.
   */
  async run(calls: readonly KeptCall[], { signal }: TurnAbort): Promise<void> {
    const { engine, turn, emit, callTool = async (call) => unknownTool(call), truth } = this.#options;
    const maxResultCharacters = resultCharacters(engine, Math.max(1, calls.length));
    const done = new Set<string>();
    for (let at = 0; at < calls.length; ) {
      const together = this.#together(calls.slice(at, at + MAX_CALLS_TOGETHER));
      at += together.length;
      // The tool gets the full arguments; the conversation keeps a bounded copy.
      const running = together.map(({ given }) =>
        turn.perform(given, (options) => callTool(given, options), { signal, maxResultCharacters }),
      );
      let failure: NanoRuntimeError | null = null;
      for (const [index, outcome] of (await Promise.all(running)).entries()) {
        const { kept } = together[index] as KeptCall;
        const { content, isError } = outcome;
        turn.addResult(kept, outcome);
        truth?.noteOutcome(kept.name, outcome);
        if (!isError) done.add(callKey(kept));
        const { id, name } = kept;
        await emit({ type: "tool-result", id, name, content, is_error: isError, ...failureOf(outcome) });
        this.#invalidCalls = outcome.outcome === "invalid-arguments" ? this.#invalidCalls + 1 : 0;
        if (this.#repeated.add(kept.name, kept.arguments, content)) failure ??= inCircles(kept.name);
        if (this.#invalidCalls === MAX_INVALID_CALLS) failure ??= callNotValid(kept.name, content);
      }
      if (failure !== null) throw failure;
    }
    this.#done = done;
  }

  /** Returns the first of these calls, and the calls after it that can run in parallel with it. */
  #together(calls: readonly KeptCall[]): readonly KeptCall[] {
    const { runsBeside = () => false } = this.#options;
    const end = calls.findIndex(({ given }) => !runsBeside(given));
    return calls.slice(0, end < 0 ? calls.length : Math.max(1, end));
  }
}

function isExceeded(error: unknown): boolean {
  return NanoAgentError.isInstance(error) && error.code === "context-exceeded";
}

/** Returns the characters shown of each result, so that the results of a step leave context for the reply. */
function resultCharacters(engine: Engine, calls: number): number {
  const contextTokens = engine.longestContextTokens ?? engine.contextTokens;
  if (contextTokens === null) return MAX_RESULT_CHARACTERS;
  const share = Math.floor((contextTokens * RESULT_CHARACTERS_PER_CONTEXT_TOKEN) / calls);
  return Math.min(MAX_RESULT_CHARACTERS, Math.max(MIN_RESULT_CHARACTERS, share));
}

function callNotValid(name: string, reason: string): NanoRuntimeError {
  return new NanoRuntimeError({
    code: "call-not-valid",
    message: `The engine called the tool "${name}" with invalid arguments and did not correct them.`,
    reason,
    hint: "Rephrase the message, or use a more capable model.",
  });
}

function callMissing({ name }: Engine): NanoRuntimeError {
  return new NanoRuntimeError({
    code: "call-missing",
    message: `The ${name} engine answered with text although a tool call was required.`,
    hint: "Let the model decide whether to call a tool, or use a model that calls tools.",
  });
}

function tooManyTokens(maxTokens: number): NanoRuntimeError {
  return new NanoRuntimeError({
    code: "too-many-tokens",
    message: `The engine wrote more than ${maxTokens} tokens for one message and still called tools.`,
    hint: "Rephrase the message, use a more capable model, or raise limits.maxTokens.",
  });
}

function inCircles(name: string): NanoRuntimeError {
  return new NanoRuntimeError({
    code: "repeated-calls",
    message: `The engine kept calling the same tools with the same results; the last was "${name}".`,
    hint: "Rephrase the message, or use a more capable model.",
  });
}
