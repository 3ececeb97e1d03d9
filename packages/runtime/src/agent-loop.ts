import { NanoAgentError } from "@nanoagent/models";
import type { AgentEvent } from "./agent-event.js";
import {
  ABORT_GRACE_MILLISECONDS,
  type EndReason,
  type Engine,
  type EngineEvent,
  type EngineRequest,
  type TokenUsage,
  type ToolCall,
} from "./engines/engine.js";
import { EngineError } from "./engines/engine-error.js";
import { sumUsage } from "./engines/sum-usage.js";
import { NanoRuntimeError } from "./nano-runtime-error.js";
import { onAbort } from "./on-abort.js";
import type { CallTool, Turn } from "./session/turn.js";
import { type KeptCall, keepCall } from "./tools/kept-call.js";
import { RepeatedCalls } from "./tools/repeated-calls.js";
import { toolResultText } from "./tools/tool-result-text.js";
import type { ToolCallOptions, ToolOutcome } from "./tools/tool-set.js";

/** A model that still calls tools after so many steps is going in circles. */
const DEFAULT_MAX_STEPS = 8;
/** So much is written about no message; a small model that has lost its thread would go on. */
const DEFAULT_MAX_TOKENS = 32_768;
/** A reply longer than this is no reply: it would fill the memory that the history is bounded to. */
const MAX_REPLY_CHARACTERS = 1024 * 1024;
/** A reply of as many characters, each by itself, and as much again of what is no text. */
const MAX_STEP_EVENTS = 2 * MAX_REPLY_CHARACTERS;
const MAX_CALLS = 64;
/** So often a message's calls may be wrong in a row: the engine is shown why, and may repair it once. */
const MAX_INVALID_CALLS = 2;
/** The results of a step may have so many characters for each token of the context together, and these at least. */
const RESULT_CHARACTERS_PER_CONTEXT_TOKEN = 1;
const MIN_RESULT_CHARACTERS = 200;
const MAX_RESULT_CHARACTERS = 8000;

/** How much may be done about one message. */
export interface LoopLimits {
  /** How often the engine is asked. Default: 8. */
  maxSteps?: number | undefined;
  /** After so many tokens of its own it is not asked again. Default: 32,768. */
  maxTokens?: number | undefined;
}

export interface LoopResult {
  text: string;
  reason: EndReason;
  usage: TokenUsage | null;
}

export interface LoopParts {
  engine: Engine;
  turn: Turn;
  /** What the engine is asked next: about the turn as far as it has come. */
  nextRequest: () => Promise<EngineRequest>;
  /** Default: there are no tools. */
  callTool?: CallTool | undefined;
  limits?: LoopLimits | undefined;
}

/**
 * Asks the engine until it has answered, tool calls in between: yields what happens, returns the answer. Throws what
 * ends the turn without one. An abort returns with reason `abort`, at the latest after the engine's grace.
 */
export async function* runAgentLoop(
  { engine, turn, nextRequest, callTool = async (call) => unknownTool(call), limits = {} }: LoopParts,
  signal: AbortSignal,
): AsyncGenerator<AgentEvent, LoopResult> {
  const { maxSteps = DEFAULT_MAX_STEPS, maxTokens = DEFAULT_MAX_TOKENS } = limits;
  const repeated = new RepeatedCalls();
  let invalidCalls = 0;
  const usages: (TokenUsage | null)[] = [];
  for (let step = 1; step <= maxSteps; step++) {
    let result: StepResult;
    const { contextTokens } = engine;
    try {
      result = yield* runStep(engine, await nextRequest(), signal);
    } catch (error) {
      if (!isExceeded(error) || (engine.contextTokens ?? 0) >= (contextTokens ?? 0)) throw error;
      // Memory ran short meanwhile, and the context is smaller now: less of the history fits.
      result = yield* runStep(engine, await nextRequest(), signal);
    }
    usages.push(result.usage);
    const calls = result.reason === "abort" ? [] : result.calls;
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

/** What is shown of a result, so that those of a step leave room in the context for the reply. */
function resultCharacters({ contextTokens }: Engine, calls: number): number {
  if (contextTokens === null) return MAX_RESULT_CHARACTERS;
  const share = Math.floor((contextTokens * RESULT_CHARACTERS_PER_CONTEXT_TOKEN) / calls);
  return Math.min(MAX_RESULT_CHARACTERS, Math.max(MIN_RESULT_CHARACTERS, share));
}

/** What an engine is told that calls what is not there. */
export function unknownTool({ name }: ToolCall): ToolOutcome {
  const content = `There is no tool named ${JSON.stringify(toolResultText(name, 100))}.`;
  return { outcome: "unknown-tool", content, isError: true, value: undefined };
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

interface StepResult {
  text: string;
  calls: KeptCall[];
  reason: EndReason;
  usage: TokenUsage | null;
}

async function* runStep(
  engine: Engine,
  request: EngineRequest,
  signal: AbortSignal,
): AsyncGenerator<AgentEvent, StepResult> {
  const events = engine.generate(request, { signal })[Symbol.asyncIterator]();
  const abandoned = graceAfter(signal);
  const result: StepResult = { text: "", calls: [], reason: "abort", usage: null };
  let ended = false;
  let count = 0;
  try {
    while (!ended) {
      const next = await abandoned.orElse(nextEvent(engine, events));
      if (next === "abandoned") return result;
      if (++count > MAX_STEP_EVENTS) throw replyTooLarge();
      switch (next.type) {
        case "text-delta":
          if (next.text === "") break;
          result.text += next.text;
          if (result.text.length > MAX_REPLY_CHARACTERS) throw replyTooLarge();
          yield next;
          break;
        case "reasoning-delta":
          yield next;
          break;
        case "tool-call":
          yield { type: "tool-call", ...takeCall(next.call, result) };
          break;
        case "memory-pressure":
          yield next;
          break;
        case "usage":
          result.usage = next.usage;
          break;
        case "end":
          ended = true;
          if (next.reason === "abort" && !signal.aborted) throw brokeContract(engine, "aborted a reply by itself");
          result.reason = next.reason;
          break;
        case "error":
          ended = true;
          throw next.error;
      }
    }
    return result;
  } finally {
    abandoned.cancel();
    // An engine tidies up behind its last event, and one that is left before is told so; neither is waited for.
    events.return?.()?.then(undefined, () => {});
  }
}

/** Adds a call to those of the step, unless these are too many or too much. */
function takeCall(given: ToolCall, { text, calls }: StepResult): ToolCall {
  const call = keepCall(given, calls);
  calls.push(call);
  const size = calls.reduce((sum, { size }) => sum + size, text.length);
  if (calls.length > MAX_CALLS || size > MAX_REPLY_CHARACTERS) throw replyTooLarge();
  return call.kept;
}

/** The engine's next event; what the contract forbids comes out as an {@link EngineError}. */
async function nextEvent(engine: Engine, events: AsyncIterator<EngineEvent>): Promise<EngineEvent> {
  let next: IteratorResult<EngineEvent>;
  try {
    next = await events.next();
  } catch (cause) {
    if (NanoAgentError.isInstance(cause)) throw cause;
    throw brokeContract(engine, "threw instead of sending an error event", cause);
  }
  if (next.done) throw brokeContract(engine, "stopped without saying that its reply had ended");
  if (!isEngineEvent(next.value)) throw brokeContract(engine, `sent what is no event: ${inBrief(next.value)}`);
  return next.value;
}

const endReasons: readonly unknown[] = ["stop", "length", "tool-calls", "abort"] satisfies EndReason[];

/** What comes from an engine comes from code that is not ours. */
function isEngineEvent(value: unknown): value is EngineEvent {
  if (typeof value !== "object" || value === null) return false;
  const event = value as Record<string, unknown>;
  switch (event.type) {
    case "text-delta":
    case "reasoning-delta":
      return typeof event.text === "string";
    case "tool-call": {
      const call = event.call as Partial<ToolCall> | null | undefined;
      return typeof call?.id === "string" && typeof call.name === "string";
    }
    case "usage": {
      const usage = event.usage as Partial<TokenUsage> | null | undefined;
      return isCount(usage?.prompt_tokens) && isCount(usage?.completion_tokens);
    }
    case "memory-pressure":
      return typeof event.action === "string";
    case "end":
      return endReasons.includes(event.reason);
    case "error":
      return event.error instanceof Error;
    default:
      return false;
  }
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function inBrief(value: unknown): string {
  try {
    return (JSON.stringify(value) ?? String(value)).slice(0, 100);
  } catch {
    return typeof value;
  }
}

/** Tells when the signal has been aborted for as long as an engine may take to end its reply. */
function graceAfter(signal: AbortSignal) {
  let notify = () => {};
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stopListening = onAbort(signal, () => {
    timer = setTimeout(() => notify(), ABORT_GRACE_MILLISECONDS);
  });
  return {
    /** What comes first. A race of promises would keep something of every event until the reply ends. */
    orElse: (next: Promise<EngineEvent>) =>
      new Promise<EngineEvent | "abandoned">((resolve, reject) => {
        notify = () => resolve("abandoned");
        next.then(resolve, reject);
      }),
    cancel: () => {
      clearTimeout(timer);
      stopListening();
    },
  };
}

function brokeContract(engine: Engine, what: string, cause?: unknown): EngineError {
  return new EngineError({
    code: "engine-failed",
    message: `The ${engine.name} engine ${what}.`,
    reason: cause instanceof Error ? cause.message : undefined,
    hint: "This is a fault of the engine; testEngine from @nanoagent/runtime/testing shows where.",
    cause,
  });
}

function replyTooLarge(): NanoRuntimeError {
  return new NanoRuntimeError({
    code: "reply-too-large",
    message: `The engine wrote more than ${MAX_REPLY_CHARACTERS} characters without an end.`,
    hint: "Ask again in other words, or limit the length of the engine's replies.",
  });
}
