import { NanoAgentError } from "@nanoagent/models";
import type { AgentEvent } from "./agent-event.js";
import { inBrief, isEngineEvent } from "./engines/check-event.js";
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
import { NanoRuntimeError } from "./nano-runtime-error.js";
import { onAbort } from "./on-abort.js";
import { type KeptCall, keepCall } from "./tools/kept-call.js";

/** Longest reply, in characters: a longer one would fill the memory that bounds the history. */
const MAX_REPLY_CHARACTERS = 1024 * 1024;
/** Most events of a step: the longest reply with one character an event, and as many that are not text. */
const MAX_STEP_EVENTS = 2 * MAX_REPLY_CHARACTERS;
const MAX_CALLS = 64;

/** One reply of the engine. */
export interface StepResult {
  text: string;
  calls: KeptCall[];
  reason: EndReason;
  usage: TokenUsage | null;
}

/**
 * Sends one request to the engine. Yields its events and returns the whole reply; throws an {@link EngineError} for an
 * engine that breaks its contract. After an abort it returns with reason `abort`, at the latest after the engine's grace.
 */
export async function* runStep(
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

/** Adds a call to those of the step. Throws when they are too many or too large. */
function takeCall(given: ToolCall, { text, calls }: StepResult): ToolCall {
  const call = keepCall(given, calls);
  calls.push(call);
  const size = calls.reduce((sum, { size }) => sum + size, text.length);
  if (calls.length > MAX_CALLS || size > MAX_REPLY_CHARACTERS) throw replyTooLarge();
  return call.kept;
}

/** Returns the engine's next event. Throws an {@link EngineError} for one that the contract forbids. */
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

/** Stops waiting for an engine that goes on longer after an abort than its contract allows. */
function graceAfter(signal: AbortSignal) {
  let notify = () => {};
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stopListening = onAbort(signal, () => {
    timer = setTimeout(() => notify(), ABORT_GRACE_MILLISECONDS);
  });
  return {
    /** Resolves with whichever comes first. A race of promises would keep something of every event until the reply ends. */
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
