import { NanoAgentError } from "@nanoagent/models";
import type { Claim } from "./acts/claims-act.js";
import type { TextFilter } from "./acts/text-filter.js";
import type { EmitEvent, StepEndReason } from "./agent-event.js";
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
import type { TurnAbort } from "./turn-abort.js";
import { usageAfterStop } from "./usage-after-stop.js";

/** Longest reply, in characters. A longer one would fill the memory limit of the history. */
const MAX_REPLY_CHARACTERS = 1024 * 1024;
/**
 * Longest reply per token of the context: more characters than tokens have on average. Only endless replies reach it.
 */
const CHARACTERS_PER_CONTEXT_TOKEN = 8;
/** Assumed context of an engine that does not report one: larger than small computers and their servers have. */
const ASSUMED_CONTEXT_TOKENS = 32_768;
/** Most events of a step: the longest reply with one character per event, and the same number of other events. */
const MAX_STEP_EVENTS = 2 * MAX_REPLY_CHARACTERS;
const MAX_CALLS = 64;

/** Returns the arguments that the tool would get. Default: the arguments of the call. */
export type ArgumentsFor = (call: ToolCall) => unknown;

export interface StepHooks {
  emit: EmitEvent;
  /** Gets each piece of text before it is shown. */
  onText: (text: string) => void;
  /** Called when the text so far turns out not to be part of the reply. */
  onRetraction?: (() => void) | undefined;
  argumentsFor?: ArgumentsFor | undefined;
  /** Called when the engine ended a reply that is not usable. */
  onFailedEnd?: ((reason: StepEndReason, usage: TokenUsage | null) => void | Promise<void>) | undefined;
  /** Called when the reply is abandoned before its end. The engine may still be reading the request. */
  onLeft?: (() => void) | undefined;
  /** Decides which text is shown. Default: all text, immediately. */
  filter?: TextFilter | null | undefined;
  /** Whether to ignore a call as if it had not come. Default: no call is ignored. */
  skips?: ((call: ToolCall) => boolean) | undefined;
}

/** One reply of the engine. */
export interface StepResult {
  /** Text that was shown. */
  text: string;
  calls: KeptCall[];
  /** The first ignored call, or null. */
  skipped: ToolCall | null;
  /** The claim for which text was withheld, or null. */
  claim: Claim | null;
  reason: StepEndReason;
  usage: TokenUsage | null;
  /** Whether the engine did not understand the message. Absent: it did, or cannot tell. */
  notUnderstood?: true;
}

/**
 * Sends one request to the engine. Emits its events and returns the complete reply; throws an {@link EngineError} if an
 * engine breaks its contract. After an abort it returns with reason `abort`, at the latest after the engine's grace
 * period. A reply that repeats itself, or exceeds what the context could hold, is stopped. Text that is a tool call in
 * a form other than the engine's own is handled as a call and never shown.
 */
export async function runStep(
  engine: Engine,
  request: EngineRequest,
  abort: TurnAbort,
  hooks: StepHooks,
): Promise<StepResult> {
  const sieve = mayHideCalls(request) ? await openSieve(request) : null;
  return new Step(engine, request, abort, hooks, sieve).run();
}

/** One reply in progress. */
class Step {
  readonly #engine: Engine;
  readonly #request: EngineRequest;
  readonly #abort: TurnAbort;
  readonly #hooks: StepHooks;
  readonly #filter: TextFilter | null;
  readonly #sieve: CallSieve | null;
  readonly #result: StepResult = { text: "", calls: [], skipped: null, claim: null, reason: "abort", usage: null };
  readonly #repetition = new Repetition();
  #repeatedThought: Repetition | null = null;
  #hasThought = false;
  /** Whether the engine has sent any text or call, shown or not. */
  #hasAnswered = false;
  #characters = 0;
  /** All that the engine has written, text and reasoning, for the count of its tokens. */
  #written = "";
  /** Aborts the reply, for the turn or for this step. */
  #stop: AbortController | null = null;

  constructor(engine: Engine, request: EngineRequest, abort: TurnAbort, hooks: StepHooks, sieve: CallSieve | null) {
    this.#engine = engine;
    this.#request = request;
    this.#abort = abort;
    this.#hooks = hooks;
    this.#filter = hooks.filter ?? null;
    this.#sieve = sieve;
  }

  async run(): Promise<StepResult> {
    const engine = this.#engine;
    // There is nothing to abort in an engine that answers immediately.
    const stop = engine.answersAtOnce ? null : new AbortController();
    const stopListening = stop === null ? () => {} : onAbort(this.#abort, () => stop.abort());
    this.#stop = stop;
    const options = stop === null ? {} : { signal: stop.signal };
    const events = engine.generate(this.#request, options)[Symbol.asyncIterator]();
    const grace = new Grace(this.#abort);
    const maxCharacters = longestReply(engine);
    let isOver = false;
    try {
      for (let count = 1; ; count++) {
        let given: IteratorResult<EngineEvent> | "abandoned";
        try {
          given = await grace.orElse(events.next());
        } catch (cause) {
          if (NanoAgentError.isInstance(cause)) throw cause;
          throw brokeContract(engine, "threw instead of sending an error event", cause);
        }
        if (given === "abandoned") {
          await this.#showSieved();
          return this.#result;
        }
        if (given.done) throw brokeContract(engine, "stopped without an end or error event");
        const next = given.value;
        if (!isEngineEvent(next)) throw brokeContract(engine, `sent an invalid event: ${inBrief(next)}`);
        isOver = next.type === "end" || next.type === "error";
        if (count > MAX_STEP_EVENTS) throw replyTooLarge();
        switch (next.type) {
          case "text-delta":
            if (next.text === "") break;
            this.#characters += next.text.length;
            this.#written += next.text;
            this.#hasAnswered ||= next.text.trim() !== "";
            if (this.#characters > MAX_REPLY_CHARACTERS) throw replyTooLarge();
            await this.#showUnlessHeld(this.#sieve?.push(next.text) ?? next.text);
            if (this.#filter?.isDecided) return await this.#finishEarly("stop", events);
            if (this.#repetition.add(next.text)) return await this.#finishEarly("repetition", events);
            if (this.#characters > maxCharacters) return await this.#finishEarly("length", events);
            break;
          case "text-retraction":
            this.#hasThought = true;
            this.#hasAnswered = false;
            this.#sieve?.reset();
            this.#filter?.reset();
            if (this.#result.text === "") break;
            this.#result.text = "";
            this.#hooks.onRetraction?.();
            await this.#hooks.emit(next);
            break;
          case "reasoning-delta":
            this.#hasThought ||= next.text.trim() !== "";
            this.#written += next.text;
            await this.#hooks.emit(next);
            this.#repeatedThought ??= new Repetition();
            if (this.#repeatedThought.add(next.text)) return await this.#finishEarly("repetition", events);
            break;
          case "tool-call":
            await this.#showSieved();
            await this.#take(next.call);
            break;
          case "memory-pressure":
          case "context-growth":
          case "prompt-progress":
            await this.#hooks.emit(next);
            break;
          case "usage":
            this.#result.usage = next.usage;
            break;
          case "end":
            if (next.reason === "abort" && !this.#abort.aborted) {
              throw brokeContract(engine, "aborted a reply by itself");
            }
            // A reply that must contain a call may come without one.
            if (
              this.#hasThought &&
              !this.#hasAnswered &&
              isWhole(next.reason) &&
              (this.#request.toolChoice ?? "auto") === "auto"
            ) {
              await this.#hooks.onFailedEnd?.(next.reason, this.#result.usage);
              throw onlyThought(next.reason);
            }
            if (next.not_understood === true) this.#result.notUnderstood = true;
            return await this.#finish(next.reason, { isComplete: true });
          case "error":
            await this.#showSieved();
            throw next.error;
        }
      }
    } finally {
      grace.end();
      stopListening();
      if (!isOver) this.#hooks.onLeft?.();
      // An engine cleans up after its last event, or when return() is called before it. Nothing waits for that.
      events.return?.()?.then(undefined, () => {});
    }
  }

  #show(text: string): void | Promise<void> {
    if (text === "") return;
    this.#result.text += text;
    this.#hooks.onText(text);
    return this.#hooks.emit({ type: "text-delta", text });
  }

  #showUnlessHeld(text: string): void | Promise<void> {
    if (text !== "") return this.#show(this.#filter === null ? text : this.#filter.push(text));
  }

  /** Shows held text that could have become a call but did not. */
  #showSieved(): void | Promise<void> {
    return this.#showUnlessHeld(this.#sieve?.finish({ isComplete: false }).text ?? "");
  }

  async #take(given: ToolCall): Promise<void> {
    this.#hasAnswered = true;
    const { argumentsFor, skips, emit } = this.#hooks;
    const call = keepCall(given, this.#result.calls, argumentsFor);
    if (skips?.(call.kept)) {
      this.#result.skipped ??= call.kept;
      if (++this.#characters > MAX_REPLY_CHARACTERS) throw replyTooLarge();
      return;
    }
    await this.#show(this.#filter?.release() ?? "");
    await emit({ type: "tool-call", ...takeCall(call, this.#result) });
  }

  /** Stops the engine in the middle of its reply, and returns the reply so far with its usage. */
  async #finishEarly(reason: StepEndReason, events: AsyncIterator<EngineEvent>): Promise<StepResult> {
    const result = await this.#finish(reason);
    this.#stop?.abort();
    const [engine, request, written] = [this.#engine, this.#request, this.#written];
    result.usage ??= await usageAfterStop({ engine, request, events, written });
    return result;
  }

  async #finish(reason: StepEndReason, { isComplete = false } = {}): Promise<StepResult> {
    const isText = isComplete && reason === "stop" && this.#result.calls.length === 0 && this.#result.skipped === null;
    const { text, calls } = this.#sieve?.finish({ isComplete: isText }) ?? { text: "", calls: [] };
    await this.#showUnlessHeld(text);
    for (const call of calls) await this.#take({ id: newCallId(), ...call });
    if (reason !== "abort") await this.#show(this.#filter?.finish() ?? "");
    return { ...this.#result, reason: calls.length > 0 ? "tool-calls" : reason, claim: this.#filter?.claim ?? null };
  }
}

/** Whether the text of a reply can contain calls. It can if the request offers tools. */
function mayHideCalls({ tools = [], responseSchema }: EngineRequest): boolean {
  return tools.length > 0 && responseSchema === undefined;
}

const loadSieve = () => Promise.all([import("./tool-calls/call-sieve.js"), import("./choosing/unwanted-acts.js")]);
/** Loaded modules of the sieve. Importing them again would cost more than the rest of a turn. */
let sieveModules: Awaited<ReturnType<typeof loadSieve>> | null = null;

async function openSieve({ tools = [], messages }: EngineRequest): Promise<CallSieve> {
  sieveModules ??= await loadSieve();
  const [{ CallSieve }, { isUnwanted }] = sieveModules;
  return new CallSieve(tools, messages, isUnwanted);
}

/** Returns the length at which a reply is stopped, so that an endless reply does not block its turn. */
function longestReply({ contextTokens }: Engine): number {
  const tokens = contextTokens ?? ASSUMED_CONTEXT_TOKENS;
  return Math.min(MAX_REPLY_CHARACTERS, tokens * CHARACTERS_PER_CONTEXT_TOKEN);
}

/** Adds a call to the step. Throws if there are too many calls or they are too large. */
function takeCall(call: KeptCall, { text, calls }: StepResult): ToolCall {
  calls.push(call);
  const size = calls.reduce((sum, { size }) => sum + size, text.length);
  if (calls.length > MAX_CALLS || size > MAX_REPLY_CHARACTERS) throw replyTooLarge();
  return call.kept;
}

/** Time limit for an engine to end its reply after an abort. */
class Grace {
  readonly #stopListening: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #abandon: (abandoned: "abandoned") => void = () => {};

  constructor(abort: TurnAbort) {
    this.#stopListening = onAbort(abort, () => {
      this.#timer = setTimeout(() => this.#abandon("abandoned"), ABORT_GRACE_MILLISECONDS);
    });
  }

  /** Resolves with the first of the two. Promise.race would retain part of every event until the reply ends. */
  orElse<Next>(next: Promise<Next>): Promise<Next | "abandoned"> {
    return new Promise((resolve, reject) => {
      this.#abandon = resolve;
      // Third parties write engines, and some return a value that is not a promise.
      if (next instanceof Promise) next.then(resolve, reject);
      else resolve(next);
    });
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#stopListening();
  }
}

function brokeContract(engine: Engine, what: string, cause?: unknown): EngineError {
  return new EngineError({
    code: "engine-failed",
    message: `The ${engine.name} engine ${what}.`,
    reason: cause instanceof Error ? cause.message : undefined,
    hint: "Run testEngine from @nanoagent/runtime/testing to find the fault in the engine.",
    cause,
  });
}

function isWhole(reason: StepEndReason): boolean {
  return reason === "stop" || reason === "length";
}

/** Returns the error for a reply that contains only reasoning. */
function onlyThought(reason: StepEndReason): NanoRuntimeError {
  return new NanoRuntimeError({
    code: "reply-only-thought",
    message: "The reply contains only reasoning and no answer.",
    reason:
      reason === "length"
        ? "The reasoning reached the length limit of the reply."
        : "The model ended its reply before it finished reasoning.",
    hint: "Set engine.thinking to off, or allow longer replies (sampling.max_tokens, engine.context).",
  });
}

function replyTooLarge(): NanoRuntimeError {
  return new NanoRuntimeError({
    code: "reply-too-large",
    message: `The reply exceeds the limit of ${MAX_REPLY_CHARACTERS} characters.`,
    hint: "Rephrase the message, or limit the length of the engine's replies.",
  });
}
