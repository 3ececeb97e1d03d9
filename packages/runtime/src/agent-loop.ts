import { NanoAgentError } from "@nanoagent/models";
import type { AgentEvent } from "./agent-event.js";
import {
  ABORT_GRACE_MILLISECONDS,
  type EndReason,
  type Engine,
  type EngineEvent,
  type EngineMessage,
  type EngineRequest,
  type TokenUsage,
  type ToolCall,
} from "./engines/engine.js";
import { EngineError } from "./engines/engine-error.js";
import { NanoRuntimeError } from "./nano-runtime-error.js";
import { onAbort } from "./session/on-abort.js";
import { RepeatedCalls } from "./tools/repeated-calls.js";

/** A model that still calls tools after so many steps is going in circles. */
const MAX_STEPS = 8;
/** A reply longer than this is no reply: it would fill the memory that the history is bounded to. */
const MAX_REPLY_CHARACTERS = 1024 * 1024;
/** A reply of as many characters, each by itself, and as much again of what is no text. */
const MAX_STEP_EVENTS = 2 * MAX_REPLY_CHARACTERS;
const MAX_CALLS = 1024;

/** Runs a tool for the engine. It does not throw: what goes wrong is a result that the engine is shown. */
export type CallTool = (call: ToolCall, signal: AbortSignal) => Promise<{ content: string; isError: boolean }>;

export interface LoopResult {
  text: string;
  reason: EndReason;
  usage: TokenUsage | null;
}

/**
 * Asks the engine until it has answered, tool calls in between: yields what happens, returns the answer. Throws what
 * ends the turn without one. An abort returns with reason `abort`, at the latest after the engine's grace.
 */
export async function* runAgentLoop(
  engine: Engine,
  request: EngineRequest,
  signal: AbortSignal,
  callTool: CallTool = async (call) => unknownTool(call),
): AsyncGenerator<AgentEvent, LoopResult> {
  let { messages } = request;
  const repeated = new RepeatedCalls();
  let total: TokenUsage | null = null;
  for (let step = 1; step <= MAX_STEPS; step++) {
    const result: StepResult = yield* runStep(engine, { ...request, messages }, signal);
    total = addUsage(total, result.usage);
    const results: EngineMessage[] = [];
    if (result.reason !== "abort") {
      for (const call of result.calls) {
        const { content, isError } = await callTool(call, signal);
        yield { type: "tool-result", id: call.id, name: call.name, content, is_error: isError };
        results.push({ role: "tool", content, tool_call_id: call.id });
        if (repeated.add(call.name, call.arguments, content)) throw inCircles(call.name);
      }
    }
    const reason = signal.aborted ? "abort" : result.reason;
    yield { type: "step-end", step, reason, usage: result.usage };
    if (reason === "abort") return { text: result.text, reason, usage: total };
    if (results.length === 0) return { text: result.text, reason: result.reason, usage: total };
    messages = [...messages, { role: "assistant", content: result.text, tool_calls: result.calls }, ...results];
  }
  throw new NanoRuntimeError({
    code: "too-many-steps",
    message: `The engine called tools ${MAX_STEPS} times in a row without an answer.`,
    hint: "Ask again in other words, or use a more able model.",
  });
}

/** What an engine is told that calls what is not there. */
export function unknownTool({ name }: ToolCall): { content: string; isError: boolean } {
  return { content: `There is no tool named "${name}".`, isError: true };
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
  calls: ToolCall[];
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
          result.calls.push(next.call);
          if (result.calls.length > MAX_CALLS) throw replyTooLarge();
          yield { type: "tool-call", id: next.call.id, name: next.call.name, arguments: next.call.arguments };
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

function addUsage(total: TokenUsage | null, usage: TokenUsage | null): TokenUsage | null {
  if (total === null || usage === null) return usage ?? total;
  return {
    prompt_tokens: total.prompt_tokens + usage.prompt_tokens,
    completion_tokens: total.completion_tokens + usage.completion_tokens,
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
