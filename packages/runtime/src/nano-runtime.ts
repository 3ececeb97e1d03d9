import {
  AgentMessage,
  type AgentMessageInput,
  InvalidDataError,
  NanoAgentConfig,
  type NanoAgentConfigInput,
  NanoAgentError,
  type SessionSettings,
} from "@nanoagent/models";
import { type Abilities, type AbilityParts, openAbilities } from "./abilities.js";
import type { AgentEvent } from "./agent-event.js";
import { type LoopLimits, runAgentLoop } from "./agent-loop.js";
import { checkMemoryBudget } from "./check-memory-budget.js";
import { ContextWindow } from "./context/context-window.js";
import type { ConversationMessage } from "./engines/conversation-message.js";
import { ABORT_GRACE_MILLISECONDS, type Engine, type SamplingOptions } from "./engines/engine.js";
import { EngineError } from "./engines/engine-error.js";
import type { EngineOptions } from "./engines/engine-options.js";
import { IdleWork } from "./engines/idle-work.js";
import { openEngine } from "./engines/open-engine.js";
import type { MemoryReport } from "./memory/memory-report.js";
import { residentBytes } from "./memory/resident-bytes.js";
import { NanoRuntimeError } from "./nano-runtime-error.js";
import { onAbort, untilAborted } from "./on-abort.js";
import { ReplySchema } from "./reply-schema.js";
import { History, MAX_HISTORY_BYTES, memoryOf } from "./session/history.js";
import type { Journal } from "./session/journal/journal.js";
import { describeReport } from "./session/journal/journal-report.js";
import { Turn } from "./session/turn.js";
import { TurnQueue } from "./session/turn-queue.js";
import { recordWindow, restoreWindow } from "./session/window-record.js";
import { findUnusedSettings } from "./unused-settings.js";

/** A message longer than this, in UTF-8 bytes, is refused: it would push everything else out of the history. */
export const MAX_MESSAGE_BYTES = 1024 * 1024;

/** How long `unload` waits for the turn that runs: its engine's grace, and as much again for whoever reads the events. */
const UNLOAD_MILLISECONDS = 2 * ABORT_GRACE_MILLISECONDS;
/** What a timer can count to. */
const LONGEST_TIMER_MILLISECONDS = 2 ** 31 - 1;
/** A slow device may write for minutes; an engine that hangs must not keep the messages behind it waiting for ever. */
const DEFAULT_MAX_MILLISECONDS = 60 * 60 * 1000;

export interface NanoRuntimeOptions extends EngineOptions, AbilityParts {
  /** Answers in place of the engine that the config names. Whoever passes it closes it; it may serve many runtimes. */
  engine?: Engine | undefined;
}

export interface TurnOptions {
  /** Ends the turn. */
  signal?: AbortSignal | undefined;
  /**
   * What the reply must satisfy: a JSON Schema, or a Standard Schema that carries one. The reply's content is then JSON
   * that does, or the turn fails with `schema-not-supported` before anything is written or with `reply-not-valid`.
   * Default: any text.
   */
  responseSchema?: object | undefined;
  /** How the engine chooses its words. Default: the engine's own. */
  sampling?: SamplingOptions | undefined;
  /** How much may be done about the message. */
  limits?: TurnLimits | undefined;
}

export interface TurnLimits extends LoopLimits {
  /** The turn fails with `time-limit` when it has not ended by then. Default: an hour. */
  maxMilliseconds?: number | undefined;
}

interface LoadedAgent {
  config: NanoAgentConfig;
  engine: Engine;
  /** Null for an agent that only talks. */
  abilities: Abilities | null;
  /** What the engine is told: the config's instructions, and the skills. */
  instructions: string | null;
  /** Whether `unload` closes the engine: only one that `load` opened. */
  ownsEngine: boolean;
  history: History;
  /** Where the conversation is kept; null without a session. */
  journal: Journal | null;
  window: ContextWindow;
  queue: TurnQueue;
  /** The turn that runs. */
  turn: AbortController | null;
  isClosed: boolean;
}

/**
 * One agent and its conversation.
 *
 * - Messages are answered one at a time, in the order in which they came; up to 64 wait.
 * - A turn is in the history whole or not at all: one that fails or is aborted leaves nothing behind, unless it called
 *   tools that change the world and there is a session.
 * - With a session, a reply that was returned is on disk: see {@link Journal}.
 * - `process` and `stream` before `load`, or after `unload`, fail with `not-loaded`.
 * - The empty message is a message like any other; one longer than {@link MAX_MESSAGE_BYTES} fails with
 *   `message-too-large`.
 */
export class NanoRuntime implements AsyncDisposable {
  readonly #givenEngine: Engine | undefined;
  readonly #parts: EngineOptions & AbilityParts;
  #agent: LoadedAgent | null = null;
  /** The load or unload that is under way. */
  #changing: Promise<void> | null = null;
  #history = new History();
  #notices: readonly string[] = [];
  /** What this program had resident when the agent was loaded. */
  #baseBytes = 0;

  constructor({ engine, ...parts }: NanoRuntimeOptions = {}) {
    this.#givenEngine = engine;
    this.#parts = parts;
  }

  /**
   * The conversation so far, oldest first: a copy. It holds the newest 4 MB, counted at two bytes a character and 200
   * for each message; whole turns leave at the oldest end, and {@link droppedTurns} counts them. It stays readable
   * after `unload` and begins anew with the next `load`, or, with a session, where that had ended. A turn that called
   * tools has the calls (`tool_calls`) and their results (role `tool`) between its message and its reply.
   */
  get history(): readonly ConversationMessage[] {
    return this.#history.messages;
  }

  /** How many of the oldest turns are no longer in {@link history}. */
  get droppedTurns(): number {
    return this.#history.droppedTurns;
  }

  /** What the config asks for and is not acted on, and what the engine has to say, one sentence each; after `load`. */
  get notices(): readonly string[] {
    return [...this.#notices, ...(this.#agent?.abilities?.notices ?? [])];
  }

  /**
   * Gets an agent ready. Checks first that it fits: an agent that may take more memory than the device has is refused
   * before anything is opened. Throws {@link NanoRuntimeError}, {@link EngineError}, or {@link InvalidDataError} for a
   * config of the wrong shape.
   */
  async load(config: NanoAgentConfigInput): Promise<void> {
    if (this.#agent !== null || this.#changing !== null) {
      throw new NanoRuntimeError({
        code: "already-loaded",
        message: "An agent is loaded already.",
        hint: "Call unload() first, or use another NanoRuntime.",
      });
    }
    await this.#change(this.#open(config));
  }

  async #open(input: NanoAgentConfigInput): Promise<void> {
    const config = NanoAgentConfig.parse(input);
    checkMemoryBudget(config);
    this.#baseBytes = residentBytes() ?? 0;
    if (config.model_path !== null) {
      // Looking at a file needs Node; this module does not.
      const { checkModelFile } = await import("#node-parts");
      await checkModelFile(config.model_path, config.spec.max_model_size_mb, config.model_root ?? null);
    }
    const abilities = await openAbilities(config, this.#parts);
    let journal: Journal | null = null;
    try {
      journal = config.session === undefined ? null : await openJournal(config.session);
      await this.#assemble(config, abilities, journal);
    } catch (error) {
      await abilities?.close();
      await journal?.close();
      throw error;
    }
  }

  async #assemble(config: NanoAgentConfig, abilities: Abilities | null, journal: Journal | null): Promise<void> {
    const history = await restoreHistory(journal);
    const engine = this.#givenEngine ?? (await openEngine(config, this.#parts));
    const texts = [config.instructions, abilities?.instructions].filter(Boolean);
    const instructions = texts.length > 0 ? texts.join("\n\n") : (config.instructions ?? null);
    this.#history = history;
    this.#notices = [
      ...findUnusedSettings(config, engine.name, this.#givenEngine !== undefined).map(({ message }) => message),
      ...(journal === null ? [] : describeReport(journal.report)),
      ...(engine.notices ?? []),
      ...describeUncalled(abilities, engine),
    ];
    const window = openWindow(config, engine, instructions);
    restoreWindow(window, history, journal);
    this.#agent = {
      config,
      engine,
      abilities,
      instructions,
      ownsEngine: engine !== this.#givenEngine,
      history,
      journal,
      window,
      queue: new TurnQueue(),
      turn: null,
      isClosed: false,
    };
  }

  /** The reply to a message. Throws what {@link stream} reports as an `error` event. */
  async process(message: string | AgentMessageInput, options: TurnOptions = {}): Promise<AgentMessage> {
    let last: AgentEvent | null = null;
    for await (const event of this.stream(message, options)) last = event;
    if (last?.type === "error") throw last.error;
    if (last?.type !== "run-end") throw new TypeError("A run ended without an end");
    return last.reply;
  }

  /**
   * Answers a message and says what happens meanwhile. Never throws: the last event is one `run-end` or one `error`, and
   * with it the turn is over. The message takes its place in the queue when the first event is asked for. A caller that
   * stops reading (`break`, `return()`) has aborted; one that only reads no further holds up the messages behind it.
   */
  stream(message: string | AgentMessageInput, options: TurnOptions = {}): AsyncGenerator<AgentEvent, void> {
    const turn = new AbortController();
    const events = this.#answer(message, options ?? {}, turn);
    return {
      next: () => events.next(),
      // A generator hears of these only when it has an event to give; the engine is told at once.
      return: () => {
        turn.abort();
        return events.return();
      },
      throw: (error) => {
        turn.abort();
        return events.throw(error);
      },
      [Symbol.asyncIterator]() {
        return this;
      },
      [Symbol.asyncDispose]: async () => {
        turn.abort();
        await events.return();
      },
    };
  }

  async *#answer(
    message: string | AgentMessageInput,
    options: TurnOptions,
    turn: AbortController,
  ): AsyncGenerator<AgentEvent, void> {
    let last: AgentEvent;
    let leave = () => {};
    try {
      const stopListening = onAbort(options.signal, () => turn.abort());
      leave = stopListening;
      const checked = checkMessage(message);
      const agent = this.#requireAgent();
      if (turn.signal.aborted) throw aborted();
      const endWait = IdleWork.of(agent.engine).interrupt();
      leave = () => {
        stopListening();
        endWait();
      };
      await agent.queue.enter(turn.signal, aborted);
      leave = () => {
        stopListening();
        agent.turn = null;
        agent.queue.leave();
        summarizeWhenIdle(agent);
        endWait();
      };
      // The agent may have been unloaded between the question and its turn.
      if (this.#agent !== agent) throw notLoaded();
      agent.turn = turn;
      last = yield* runTurn(agent, checked, { ...options, signal: turn.signal });
    } catch (error) {
      last = { type: "error", error: turn.signal.aborted ? asAborted(error) : asNanoAgentError(error) };
    } finally {
      leave();
    }
    yield last;
  }

  /** What the agent takes of its memory budget, and who holds it to that. Needs Node. */
  async memory(): Promise<MemoryReport> {
    const { config, engine } = this.#requireAgent();
    const { reportMemory } = await import("#node-parts");
    return reportMemory(config, engine, this.#parts, this.#baseBytes);
  }

  /**
   * Has the engine write down what it has evaluated, so that after a restart it goes on without reading the conversation
   * again: the bytes written, or null where the engine keeps nothing (it does for a local model when the config has a
   * `session`).
   */
  async saveState(): Promise<number | null> {
    const { engine } = this.#requireAgent();
    return (await engine.saveState?.()) ?? null;
  }

  /**
   * The whole conversation, oldest first, one message at a time: with a session from the disk, in a memory that does not
   * grow with it; without, what {@link history} holds.
   */
  async *readHistory(): AsyncGenerator<ConversationMessage, void> {
    const { journal, history } = this.#requireAgent();
    if (journal === null) yield* history.messages;
    else for await (const { messages } of journal.turns(journal.counts.conversation_turn)) yield* messages;
  }

  /**
   * Begins the conversation anew; with a session, what was said stays on the disk. Throws {@link NanoRuntimeError}
   * `turn-running` while a message is being answered.
   */
  reset(): void {
    const agent = this.#requireAgent();
    if (agent.turn !== null) {
      throw new NanoRuntimeError({
        code: "turn-running",
        message: "A message is being answered; the conversation cannot begin anew now.",
        hint: "Wait for the reply, or abort it.",
      });
    }
    agent.history = new History();
    // Whatever is written after it, is written after it.
    agent.journal?.beginConversation().catch(() => {});
    void IdleWork.of(agent.engine).remove(agent);
    agent.window = openWindow(agent.config, agent.engine, agent.instructions);
    this.#history = agent.history;
  }

  /** Ends the turn that runs, refuses those that wait, and closes the engine. Does nothing when nothing is loaded. */
  async unload(): Promise<void> {
    // A load that fails has nothing to unload, and its caller has the error.
    while (this.#changing !== null) await this.#changing.catch(() => {});
    const agent = this.#agent;
    if (agent === null) return;
    this.#agent = null;
    await this.#change(close(agent));
  }

  async #change(change: Promise<void>): Promise<void> {
    this.#changing = change.finally(() => {
      this.#changing = null;
    });
    await this.#changing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.unload();
  }

  #requireAgent(): LoadedAgent {
    if (this.#agent === null) throw notLoaded();
    return this.#agent;
  }
}

/** The events of a turn but for its last, which it returns. Throws what ends it without a reply. */
async function* runTurn(
  agent: LoadedAgent,
  message: AgentMessage,
  { signal: caller, sampling, responseSchema, limits = {} }: TurnOptions & { signal: AbortSignal },
): AsyncGenerator<AgentEvent, AgentEvent> {
  const { engine, abilities, window } = agent;
  const schema = responseSchema === undefined ? undefined : await ReplySchema.from(responseSchema);
  const { maxMilliseconds = DEFAULT_MAX_MILLISECONDS } = limits;
  const { signal, stop } = abortAfter(maxMilliseconds, caller);
  const turn = new Turn(agent.history, agent.journal, message);
  let isAnswered = false;
  try {
    yield { type: "run-start", message };
    // A reply of a certain form is the engine's to give.
    const isFree = schema === undefined;
    const { instructions } = agent;
    const tools = isFree && engine.callsTools !== false ? abilities?.offer(message.content) : undefined;
    const left = { turns: 0, isSummarized: true };
    const nextRequest = async () => {
      const selection = await untilAborted(window.select(turn.conversation, tools), signal);
      const { messages, leftTurns, isSummarized } = selection;
      if (leftTurns > 0) {
        left.turns += leftTurns;
        left.isSummarized &&= isSummarized;
      }
      return { instructions, messages, responseSchema: schema?.jsonSchema, sampling, tools };
    };
    const answer = isFree ? abilities?.answer(message.content) : null;
    const loop = { engine, turn, nextRequest, callTool: abilities?.callTool, limits };
    const result = yield* answer ? answer(turn, signal) : runAgentLoop(loop, signal);
    if (signal.aborted) throw aborted();
    schema?.check(result);
    const { reply, notSaved } = await turn.end(result.text);
    isAnswered = true;
    if (left.turns > 0) {
      await recordWindow(window, agent.history, agent.journal);
      yield { type: "window-overflow", left_turns: left.turns, summarized: left.isSummarized };
    }
    const end = { type: "run-end", reply, reason: result.reason, usage: result.usage } as const;
    return notSaved === null ? end : { ...end, not_saved: notSaved };
  } catch (error) {
    throw signal.aborted && !caller.aborted ? timeLimit(maxMilliseconds) : error;
  } finally {
    stop();
    if (!isAnswered) await turn.fail();
  }
}

function openWindow({ window }: NanoAgentConfig, engine: Engine, instructions: string | null): ContextWindow {
  return new ContextWindow(engine, instructions, { summarizes: window?.on_overflow === "summarize" });
}

function describeUncalled(abilities: Abilities | null, { callsTools }: Engine): string[] {
  if (callsTools !== false || abilities === null || abilities.offer("").length === 0) return [];
  return ["The model calls no tools: those that there are serve intents alone."];
}

/** Has what leaves the window summarized while nobody waits for the engine. */
function summarizeWhenIdle(agent: LoadedAgent): void {
  const { config, engine, history, journal, window } = agent;
  if (config.window?.on_overflow !== "summarize" || engine.contextTokens === null || agent.isClosed) return;
  IdleWork.of(engine).add(agent, async (signal) => {
    while (await window.summarize(history.messages, signal)) {
      if (agent.window === window) await recordWindow(window, history, journal);
    }
  });
}

/** A signal that aborts with another one, or when the time is over. */
function abortAfter(milliseconds: number, other: AbortSignal): { signal: AbortSignal; stop: () => void } {
  const controller = new AbortController();
  const stopListening = onAbort(other, () => controller.abort());
  const timer = setTimeout(() => controller.abort(), Math.min(milliseconds, LONGEST_TIMER_MILLISECONDS));
  const stop = () => {
    clearTimeout(timer);
    stopListening();
  };
  return { signal: controller.signal, stop };
}

async function openJournal(settings: SessionSettings): Promise<Journal> {
  // Files need Node; this module does not.
  const { openSession } = await import("#node-parts");
  return openSession(settings);
}

/** The end of the conversation that the journal has, as much of it as is held in memory. */
async function restoreHistory(journal: Journal | null): Promise<History> {
  const history = new History();
  if (journal === null) return history;
  const turns = await journal.newestTurns(MAX_HISTORY_BYTES, memoryOf);
  const { turns: last, conversation_turn } = journal.counts;
  const first = turns[0]?.turn ?? last + 1;
  history.restore(
    turns.map(({ messages }) => messages.map((message) => Object.freeze(message))),
    Math.max(0, first - conversation_turn),
  );
  return history;
}

async function close(agent: LoadedAgent): Promise<void> {
  const { engine, abilities, journal, ownsEngine, queue, turn } = agent;
  agent.isClosed = true;
  queue.refuseWaiting(notLoaded);
  turn?.abort();
  await waitAtMost(UNLOAD_MILLISECONDS, Promise.all([queue.idle(), IdleWork.of(engine).remove(agent)]));
  try {
    await abilities?.close();
    await journal?.close();
  } finally {
    if (ownsEngine) await engine.close();
  }
}

async function waitAtMost(milliseconds: number, what: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([what, limit]);
  clearTimeout(timer);
}

function checkMessage(message: string | AgentMessageInput): AgentMessage {
  const input = typeof message === "string" ? { role: "user", content: message } : message;
  const result = AgentMessage.safeParse(input);
  if (!result.success) {
    throw new NanoRuntimeError({
      code: "invalid-message",
      message: `The message is not valid: ${new InvalidDataError(result.issues).message}.`,
      hint: 'Pass a string, or { role: "user", content: "…" }.',
    });
  }
  const { role, content } = result.value;
  if (role !== "user") {
    throw new NanoRuntimeError({
      code: "invalid-message",
      message: `A message to answer comes from the user, not from the role "${role}".`,
      hint: 'Pass { role: "user", content: "…" }.',
    });
  }
  if (isTooLarge(content)) {
    throw new NanoRuntimeError({
      code: "message-too-large",
      message: `The message has more than ${MAX_MESSAGE_BYTES} bytes, the most that is taken.`,
      hint: "Send it in parts.",
    });
  }
  return Object.freeze(result.value);
}

/** Most texts are far from the limit in any encoding and need no counting. */
function isTooLarge(text: string): boolean {
  if (text.length * 3 <= MAX_MESSAGE_BYTES) return false;
  return text.length > MAX_MESSAGE_BYTES || new TextEncoder().encode(text).length > MAX_MESSAGE_BYTES;
}

function notLoaded(): NanoRuntimeError {
  return new NanoRuntimeError({
    code: "not-loaded",
    message: "No agent is loaded.",
    hint: "Call load(config) first.",
  });
}

function aborted(): NanoRuntimeError {
  return new NanoRuntimeError({ code: "aborted", message: "The turn was aborted." });
}

function timeLimit(milliseconds: number): NanoRuntimeError {
  return new NanoRuntimeError({
    code: "time-limit",
    message: `The turn did not end within ${milliseconds / 1000} s.`,
    hint: "Ask again in other words, use a smaller model, or raise limits.maxMilliseconds.",
  });
}

/** Whatever an abort made somebody throw, the reason is the abort. */
function asAborted(error: unknown): NanoAgentError {
  return NanoAgentError.isInstance(error) && error.code === "not-loaded" ? error : aborted();
}

function asNanoAgentError(error: unknown): NanoAgentError {
  if (NanoAgentError.isInstance(error)) return error;
  return new EngineError({
    code: "engine-failed",
    message: "The engine failed in an unexpected way.",
    reason: error instanceof Error ? error.message : String(error),
    cause: error,
  });
}
