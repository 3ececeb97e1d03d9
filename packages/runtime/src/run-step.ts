import { NanoAgentError } from "@nanoagent/models";
import type { Claim } from "./acts/claims-act.js";
import type { TextFilter } from "./acts/text-filter.js";
import type { AgentEvent, StepEndReason } from "./agent-event.js";
import { inBrief, isEngineEvent } from "./engines/check-event.js";
import {
  ABORT_GRACE_MILLISECONDS,
  type Engine,
  type EngineEvent,
  type EngineRequest,
  type TokenUsage,
  type ToolCall,
} from "./engines/engine.js";
import { EngineError } from "./engines/engine-error.js";
import { NanoRuntimeError } from "./nano-runtime-error.js";
import { onAbort } from "./on-abort.js";
import { Repetition } from "./repetition.js";
import { newCallId } from "./tool-calls/call-id.js";
import type { CallSieve } from "./tool-calls/call-sieve.js";
import { type KeptCall, keepCall } from "./tools/kept-call.js";

/** Longest reply, in characters: a longer one would fill the memory that bounds the history. */
const MAX_REPLY_CHARACTERS = 1024 * 1024;
/** Longest reply for each token of the context: more than any token has on average, so only a server without end gets there. */
const CHARACTERS_PER_CONTEXT_TOKEN = 8;
/** Context of an engine that does not tell its own: more than small computers and their servers have. */
const ASSUMED_CONTEXT_TOKENS = 32_768;
/** Most events of a step: the longest reply with one character an event, and as many that are not text. */
const MAX_STEP_EVENTS = 2 * MAX_REPLY_CHARACTERS;
const MAX_CALLS = 64;

/** Says what the tool of a call would get. Default: what the engine gives. */
export type ArgumentsFor = (call: ToolCall) => unknown;

export interface StepHooks {
  /** Gets each piece of text before it is shown. */
  onText: (text: string) => void;
  /** Is told that the text so far is no part of the reply. */
  onRetraction?: (() => void) | undefined;
  argumentsFor?: ArgumentsFor | undefined;
  /** Decides what of the text is shown. Default: all, at once. */
  filter?: TextFilter | null | undefined;
  /** Whether a call is left out, as if it had not come. Default: none is. */
  skips?: ((call: ToolCall) => boolean) | undefined;
}

/** One reply of the engine. */
export interface StepResult {
  /** Text that was shown. */
  text: string;
  calls: KeptCall[];
  /** The first call that was left out; null where none was. */
  skipped: ToolCall | null;
  /** The claim for which text was held back; null where none was. */
  claim: Claim | null;
  reason: StepEndReason;
  usage: TokenUsage | null;
}

/**
 * Sends one request to the engine. Yields its events and returns the whole reply; throws an {@link EngineError} for an
 * engine that breaks its contract. After an abort it returns with reason `abort`, at the latest after the engine's grace.
 * A reply that repeats itself, or goes on beyond what the context could hold, is stopped. Text that is a call in another
 * form than the engine's own is a call here, and never shown.
 */
export async function* runStep(
  engine: Engine,
  request: EngineRequest,
  signal: AbortSignal,
  { onText, onRetraction, argumentsFor, filter = null, skips }: StepHooks,
): AsyncGenerator<AgentEvent, StepResult> {
  const sieve = await sieveFor(request);
  const events = engine.generate(request, { signal })[Symbol.asyncIterator]();
  const abandoned = graceAfter(signal);
  const result: StepResult = { text: "", calls: [], skipped: null, claim: null, reason: "abort", usage: null };
  const maxCharacters = longestReply(engine);
  const repetition = { text: new Repetition(), reasoning: new Repetition() };
  let ended = false;
  let hasThought = false;
  /** Whether it has said or called anything, shown or not. */
  let hasAnswered = false;
  let count = 0;
  let characters = 0;
  function* show(text: string): Generator<AgentEvent> {
    if (text === "") return;
    result.text += text;
    onText(text);
    yield { type: "text-delta", text };
  }
  function* showUnlessHeld(text: string): Generator<AgentEvent> {
    if (text !== "") yield* show(filter === null ? text : filter.push(text));
  }
  /** Shows what could have become a call and does not. */
  function* showSieved(): Generator<AgentEvent> {
    yield* showUnlessHeld(sieve?.finish({ isComplete: false }).text ?? "");
  }
  function* take(given: ToolCall): Generator<AgentEvent> {
    hasAnswered = true;
    const call = keepCall(given, result.calls, argumentsFor);
    if (skips?.(call.kept)) {
      result.skipped ??= call.kept;
      if (++characters > MAX_REPLY_CHARACTERS) throw replyTooLarge();
      return;
    }
    yield* show(filter?.release() ?? "");
    yield { type: "tool-call", ...takeCall(call, result) };
  }
  function* finish(reason: StepEndReason, { isComplete = false } = {}): Generator<AgentEvent, StepResult> {
    const isText = isComplete && reason === "stop" && result.calls.length === 0 && result.skipped === null;
    const { text, calls } = sieve?.finish({ isComplete: isText }) ?? { text: "", calls: [] };
    yield* showUnlessHeld(text);
    for (const call of calls) yield* take({ id: newCallId(), ...call });
    if (reason !== "abort") yield* show(filter?.finish() ?? "");
    return { ...result, reason: calls.length > 0 ? "tool-calls" : reason, claim: filter?.claim ?? null };
  }
  try {
    while (!ended) {
      const next = await abandoned.orElse(nextEvent(engine, events));
      if (next === "abandoned") {
        yield* showSieved();
        return result;
      }
      if (++count > MAX_STEP_EVENTS) throw replyTooLarge();
      switch (next.type) {
        case "text-delta":
          if (next.text === "") break;
          characters += next.text.length;
          hasAnswered ||= next.text.trim() !== "";
          if (characters > MAX_REPLY_CHARACTERS) throw replyTooLarge();
          yield* showUnlessHeld(sieve?.push(next.text) ?? next.text);
          if (filter?.isDecided) return yield* finish("stop");
          if (repetition.text.add(next.text)) return yield* finish("repetition");
          if (characters > maxCharacters) return yield* finish("length");
          break;
        case "text-retraction":
          hasThought = true;
          hasAnswered = false;
          sieve?.reset();
          filter?.reset();
          if (result.text === "") break;
          result.text = "";
          onRetraction?.();
          yield next;
          break;
        case "reasoning-delta":
          hasThought ||= next.text.trim() !== "";
          yield next;
          if (repetition.reasoning.add(next.text)) return yield* finish("repetition");
          break;
        case "tool-call":
          yield* showSieved();
          yield* take(next.call);
          break;
        case "memory-pressure":
        case "context-growth":
          yield next;
          break;
        case "usage":
          result.usage = next.usage;
          break;
        case "end":
          ended = true;
          if (next.reason === "abort" && !signal.aborted) throw brokeContract(engine, "aborted a reply by itself");
          result.reason = next.reason;
          // A reply that must be a call may have nothing to do.
          if (hasThought && !hasAnswered && isWhole(next.reason) && request.toolChoice !== "required") {
            throw onlyThought(next.reason);
          }
          break;
        case "error":
          ended = true;
          yield* showSieved();
          throw next.error;
      }
    }
    return yield* finish(result.reason, { isComplete: true });
  } finally {
    abandoned.cancel();
    // An engine tidies up behind its last event, and one that is left before is told so; neither is waited for.
    events.return?.()?.then(undefined, () => {});
  }
}

/** A sieve for the reply to a request that offers tools; null for any other, which has no calls. */
async function sieveFor({ tools = [], responseSchema, messages }: EngineRequest): Promise<CallSieve | null> {
  if (tools.length === 0 || responseSchema !== undefined) return null;
  const [{ CallSieve }, { isUnwanted }] = await Promise.all([
    import("./tool-calls/call-sieve.js"),
    import("./choosing/unwanted-acts.js"),
  ]);
  return new CallSieve(tools, messages, isUnwanted);
}

/** Characters after which a reply is stopped, so that an engine without end does not hold its turn. */
function longestReply({ contextTokens }: Engine): number {
  const tokens = contextTokens ?? ASSUMED_CONTEXT_TOKENS;
  return Math.min(MAX_REPLY_CHARACTERS, tokens * CHARACTERS_PER_CONTEXT_TOKEN);
}

/** Adds a call to those of the step. Throws when they are too many or too large. */
function takeCall(call: KeptCall, { text, calls }: StepResult): ToolCall {
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

function isWhole(reason: StepEndReason): boolean {
  return reason === "stop" || reason === "length";
}

/** Thoughts are no answer, and no answer would be a reply that says nothing. */
function onlyThought(reason: StepEndReason): NanoRuntimeError {
  return new NanoRuntimeError({
    code: "reply-only-thought",
    message: "The model thought about the message and gave no answer.",
    reason:
      reason === "length"
        ? "Its thoughts filled the space that a reply may take."
        : "It ended its reply before it had ended its thoughts.",
    hint: "Set engine.thinking to off; or allow longer replies (sampling.max_tokens, engine.context), and ask again.",
  });
}

function replyTooLarge(): NanoRuntimeError {
  return new NanoRuntimeError({
    code: "reply-too-large",
    message: `The engine wrote more than ${MAX_REPLY_CHARACTERS} characters without an end.`,
    hint: "Ask again in other words, or limit the length of the engine's replies.",
  });
}
