import { NanoAgentError } from "@nanoagent/models";
import type { ActTruth } from "./acts/act-truth.js";
import { checksClaims } from "./acts/checks-claims.js";
import { hasFailed } from "./acts/failed-results.js";
import type { AgentEvent, EmitEvent } from "./agent-event.js";
import { type LoopLimits, type LoopResult, runAgentLoop } from "./agent-loop.js";
import type { ContextWindow } from "./context/context-window.js";
import type { ConversationMessage } from "./engines/conversation-message.js";
import {
  ABORT_GRACE_MILLISECONDS,
  type Engine,
  type EngineRequest,
  type EngineTool,
  type SamplingOptions,
  type ToolCall,
} from "./engines/engine.js";
import { asEngineError } from "./engines/engine-error.js";
import type { IntentMatch } from "./intents/intent-matcher.js";
import type { IntentRun } from "./intents/run-intent.js";
import { overBudget } from "./memory/over-budget.js";
import type { ProgramBudget } from "./memory/program-budget.js";
import { NanoRuntimeError } from "./nano-runtime-error.js";
import { onAbort, untilAborted } from "./on-abort.js";
import { ReplySchema } from "./reply-schema.js";
import type { History } from "./session/history.js";
import type { Journal } from "./session/journal/journal.js";
import { type CallTool, type KeptReply, type TriggeredTurn, Turn } from "./session/turn.js";
import type { TurnQueue } from "./session/turn-queue.js";
import { recordWindow } from "./session/window-record.js";
import type { ToolRegistry } from "./tool-registry.js";
import type { ToolSetOptions } from "./tools/tool-set.js";
import type { ToolShortlist } from "./tools/tool-shortlist.js";
import type { TurnAbort } from "./turn-abort.js";

/** Longest delay that setTimeout accepts, in milliseconds. */
const MAX_TIMER_MILLISECONDS = 2 ** 31 - 1;
/** Default time limit of a turn. A slow device may write for minutes; an engine that hangs must not block the queue. */
const DEFAULT_MAX_MILLISECONDS = 60 * 60 * 1000;

/** Message for an error that is not a NanoAgentError. */
const UNEXPECTED = { message: "The engine failed in an unexpected way." };

export interface TurnOptions {
  /** Aborts the turn. */
  signal?: AbortSignal | undefined;
  /**
   * Schema that the reply must satisfy: a JSON Schema, or a Standard Schema that carries one. The reply's content is
   * then JSON that satisfies it. Otherwise the turn fails: with `schema-not-supported` before anything is written, or
   * with `reply-not-valid`. Default: any text.
   */
  responseSchema?: object | undefined;
  /** Sampling of the reply. Default: the engine's own. */
  sampling?: SamplingOptions | undefined;
  /** Limits of the turn. */
  limits?: TurnLimits | undefined;
  /** Instructions for this turn, which follow the agent's. The same text in every turn keeps the prompt's beginning. */
  instructions?: string | undefined;
  /** Tools that the caller runs itself. Default: none. */
  callerTools?: CallerTools | undefined;
  /**
   * Language of the message, such as `de` or `de-CH`. An agent that answers by rules uses it to say that it did not
   * understand. Default: guessed from the words of the message.
   */
  language?: string | undefined;
  /** Decides in this turn about tools with the permission `ask`, instead of the agent's callback. */
  onPermission?: ToolSetOptions["onPermission"];
  /** Whether only an intent may answer. Otherwise the turn fails with `no-intent-matches`. Default: false. */
  intentsOnly?: boolean | undefined;
  /** Keeps account of the acts of this turn. Default: each act has a new key. */
  triggered?: TriggeredTurn | undefined;
}

/**
 * Tools that the caller runs itself. A call of one ends the turn: `run-end` then has the reason `tool-calls` and the
 * `calls`, and the next message should be their results (`{ role: "tool", results }`).
 */
export interface CallerTools {
  /** A tool with the name of one of the agent's takes its place in this turn. */
  tools: readonly EngineTool[];
  /**
   * `auto`: the reply may be text, or call these tools and the agent's. `required`: it must call one of these. Throws
   * `call-missing` if the engine does not. Default: `auto`.
   */
  choice?: "auto" | "required" | undefined;
}

export interface TurnLimits extends LoopLimits {
  /**
   * Time limit of the turn, without the wait for other turns. Exceeding it fails with `time-limit`. Default: an hour.
   */
  maxMilliseconds?: number | undefined;
}

/** Intents: sentences that are answered without the engine. */
export interface IntentAnswers {
  match(message: string): IntentMatch | null;
  answer(match: IntentMatch, turn: Turn, run: IntentRun): Promise<LoopResult>;
}

/** The parts of an agent that all its conversations share. */
export interface SharedParts {
  readonly engine: Engine;
  /** Gives the engine to one turn at a time, in the order of their requests. */
  readonly engineQueue: TurnQueue;
  /** Memory budget of this program; null where the engine enforces the budget itself. */
  readonly budget: ProgramBudget | null;
  /** Instructions that begin every request: the config's, and the list of skills. */
  readonly instructions: string | null;
  /** Default sampling of replies. */
  readonly sampling?: SamplingOptions | undefined;
  readonly intents: IntentAnswers | null;
  readonly tools: ToolRegistry | null;
  /** Whether replies may claim acts that did not happen. Default: depends on the size of the engine's model. */
  readonly acts?: "strict" | "off" | undefined;
}

/** The state of one conversation that a turn reads and changes. */
export interface ConversationState {
  readonly history: History;
  readonly journal: Journal | null;
  readonly window: ContextWindow;
  readonly shortlist: ToolShortlist | null;
}

/**
 * Runs one turn: emits all events except the last, which it returns. Throws only before the turn has begun. A turn that
 * ends early keeps the text that was shown; a turn that showed nothing is dropped.
 */
export async function runTurn(
  agent: SharedParts,
  { history, journal, window, shortlist }: ConversationState,
  opening: readonly ConversationMessage[],
  { sampling, responseSchema, limits = {}, callerTools, onPermission, ...options }: TurnOptions,
  abort: TurnAbort,
  emit: EmitEvent,
): Promise<AgentEvent> {
  const { engine, engineQueue, budget, intents, tools } = agent;
  const instructions = joinInstructions(agent.instructions, options.instructions);
  const schema = responseSchema === undefined ? undefined : await ReplySchema.from(responseSchema);
  const turn = new Turn(history, journal, opening, options.triggered);
  const message = opening.at(-1) as ConversationMessage;
  // Results continue the turn of an earlier message.
  const isMessage = message.role === "user";
  const asked = isMessage ? message : turn.conversation.findLast(({ role }) => role === "user");
  const maxMilliseconds = limits.maxMilliseconds ?? DEFAULT_MAX_MILLISECONDS;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const startTimer = () => {
    timer = setTimeout(() => abort.runOut(), Math.min(maxMilliseconds, MAX_TIMER_MILLISECONDS));
  };
  const place = new EnginePlace(engineQueue, abort);
  let failure: unknown;
  let isAnswered = false;
  let kept: KeptReply = { reply: null, notSaved: null };
  try {
    await emit({ type: "run-start", message });

    const pressure = (await budget?.check()) ?? null;
    if (pressure !== null) {
      await emit(pressure);
      throw overBudget(pressure);
    }

    // An intent needs no engine. A reply with a schema always comes from the engine.
    const mayMatch = schema === undefined && isMessage && callerTools?.choice !== "required";
    const intent = mayMatch ? (intents?.match(message.content) ?? null) : null;
    let result: LoopResult;
    const left = { turns: 0, isSummarized: true };
    if (intents !== null && intent !== null) {
      startTimer();
      result = await intents.answer(intent, turn, { abort, emit, onPermission });
    } else {
      if (options.intentsOnly === true) throw noIntentMatches();
      await place.take();
      startTimer();
      window.instructions = instructions;
      const offered = offerTools(agent, shortlist, asked?.content ?? "", callerTools);
      const mustCall = callerTools?.choice === "required";
      // JSON of a schema claims nothing, and neither does a call.
      const truth = schema === undefined && !mustCall ? await openTruth(agent, asked?.content ?? "", offered) : null;
      if (!isMessage) noteResults(truth, turn.conversation, opening);
      const nextRequest = async (): Promise<EngineRequest> => {
        await place.take();
        if (abort.aborted) throw NanoRuntimeError.aborted();
        const selecting = window.select(turn.conversation, offered);
        const selected = selecting instanceof Promise ? await untilAborted(selecting, abort) : selecting;
        const { messages, leftTurns, isSummarized } = selected;
        left.turns += leftTurns;
        if (leftTurns > 0) left.isSummarized &&= isSummarized;
        return {
          instructions,
          messages,
          responseSchema: schema?.jsonSchema,
          sampling: { ...agent.sampling, ...sampling },
          ...(options.language !== undefined && { language: options.language }),
          tools: offered,
          ...(mustCall && { toolChoice: "forced" as const }),
        };
      };
      // While a tool runs or a permission request is open, other turns may use the engine.
      const callTool: CallTool | undefined =
        tools === null
          ? undefined
          : (call, options) => {
              place.leave();
              return tools.callSwitchedOn(call, { ...options, onPermission });
            };
      const isCallers = (name: string) => callerTools?.tools.some((tool) => tool.name === name) ?? false;
      const calls = {
        runsBeside: tools?.runsBeside,
        argumentsFor: (call: ToolCall) =>
          tools === null || isCallers(call.name) ? call.arguments : tools.argumentsFor(call),
        isCallers,
        mustCall,
      };
      const emitCall: EmitEvent = (event) =>
        emit(event.type === "tool-call" && isCallers(event.name) ? { ...event, for_caller: true } : event);
      const onLeft = () => window.keepShown();
      const steps = { engine, turn, emit: emitCall, nextRequest, onLeft, callTool, ...calls, truth, limits };
      result = await runAgentLoop(steps, abort);
      place.leave();
    }
    if (abort.aborted) throw NanoRuntimeError.aborted();
    schema?.check(result);

    // From here on the reply counts: it is on disk before the reader sees the end of the turn.
    const { reply, notSaved } =
      result.calls === undefined
        ? await turn.end(result.text, isCut(result) ? "length" : undefined)
        : await turn.endWithCalls(result.text);
    isAnswered = true;
    if (left.turns > 0) {
      await recordWindow(window, history, journal);
      await emit({ type: "window-overflow", left_turns: left.turns, summarized: left.isSummarized });
    }
    const { reason, usage, calls, notUnderstood } = result;
    const end = {
      type: "run-end",
      reply,
      reason,
      usage,
      ...(notUnderstood === true && { not_understood: notUnderstood }),
      ...(calls !== undefined && { calls }),
    } as const;
    return notSaved === null ? end : { ...end, not_saved: notSaved };
  } catch (error) {
    failure = abort.isOutOfTime ? outOfTime(maxMilliseconds) : error;
  } finally {
    clearTimeout(timer);
    place.close();
    // Part of a JSON value is not a value. A reply with a schema is kept completely or not at all.
    if (!isAnswered) kept = await turn.interrupt({ keepsText: schema === undefined });
  }
  return {
    type: "error",
    error: asTurnError(failure, abort.isCalledOff),
    ...(kept.reply !== null && { reply: kept.reply }),
    ...(kept.notSaved !== null && { not_saved: kept.notSaved }),
  };
}

/** Returns the instructions of the agent and of the caller as one text, or null if both are empty. */
function joinInstructions(own: string | null, given: string | undefined): string | null {
  if (given === undefined || given.trim() === "") return own;
  return own === null || own.trim() === "" ? given : `${own}\n\n${given}`;
}

/** Returns the tools of a request: the caller's, and the agent's for this message unless one of the caller's must be called. */
function offerTools(
  { engine, tools }: SharedParts,
  shortlist: ToolShortlist | null,
  message: string,
  callerTools: CallerTools | undefined,
): readonly EngineTool[] | undefined {
  if (engine.callsTools === false) return undefined;
  const own = shortlist === null ? undefined : tools?.offer(message, shortlist);
  if (callerTools === undefined) return own;
  if (callerTools.choice === "required") return callerTools.tools;
  const names = new Set(callerTools.tools.map(({ name }) => name));
  return [...callerTools.tools, ...(own ?? []).filter(({ name }) => !names.has(name))];
}

/** Tells the check for claims about the results of the caller's tools. */
function noteResults(
  truth: ActTruth | null,
  conversation: readonly ConversationMessage[],
  results: readonly ConversationMessage[],
): void {
  const calls = conversation.flatMap(({ tool_calls = [] }) => tool_calls);
  for (const result of results) {
    const call = calls.findLast(({ id }) => id === result.tool_call_id);
    if (call !== undefined) truth?.noteOutcome(call.name, { outcome: hasFailed(result) ? "failed" : "done" });
  }
}

/** Returns the check for claims of acts. Returns null, and loads nothing, if replies are not checked. */
async function openTruth(
  { engine, acts }: SharedParts,
  message: string,
  offered: readonly EngineTool[] = [],
): Promise<ActTruth | null> {
  if (offered.length === 0 || !checksClaims(acts, engine)) return null;
  const { ActTruth } = await import("./acts/act-truth.js");
  return new ActTruth(message, offered);
}

/** Whether a limit ended the reply. */
function isCut({ reason }: LoopResult): boolean {
  return reason === "length" || reason === "repetition";
}

/** Returns the error of a turn. After an abort it is always `aborted`, regardless of what was thrown. */
export function asTurnError(error: unknown, isAborted: boolean): NanoAgentError {
  if (!isAborted) return asEngineError(error, UNEXPECTED);
  return NanoAgentError.isInstance(error) && error.code === "not-loaded" ? error : NanoRuntimeError.aborted();
}

/**
 * The turn's place in the engine queue. After an abort it is released within the engine's grace period, even if the
 * caller has stopped reading and the turn makes no progress.
 */
class EnginePlace {
  readonly #queue: TurnQueue;
  readonly #abort: TurnAbort;
  readonly #stopListening: () => void;
  #isTaken = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(queue: TurnQueue, abort: TurnAbort) {
    this.#queue = queue;
    this.#abort = abort;
    this.#stopListening = onAbort(abort, () => {
      this.#timer = setTimeout(() => this.leave(), ABORT_GRACE_MILLISECONDS);
    });
  }

  /** Waits for the engine, unless this turn already has it. Rejects if the turn is aborted first. */
  async take(): Promise<void> {
    if (this.#isTaken) return;
    const waiting = this.#queue.enter(this.#abort, NanoRuntimeError.aborted);
    if (waiting !== undefined) await waiting;
    this.#isTaken = true;
  }

  leave(): void {
    if (!this.#isTaken) return;
    this.#isTaken = false;
    this.#queue.leave();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#stopListening();
    this.leave();
  }
}

function outOfTime(milliseconds: number): NanoRuntimeError {
  return new NanoRuntimeError({
    code: "time-limit",
    message: `The turn did not end within ${milliseconds / 1000} s.`,
    hint: "Rephrase the message, use a smaller model, or raise limits.maxMilliseconds.",
  });
}

function noIntentMatches(): NanoRuntimeError {
  return new NanoRuntimeError({
    code: "no-intent-matches",
    message: "The sentence matches no intent.",
    hint: "Compare it with the sentences of intents in the config.",
  });
}
