import type { AgentMessage, SessionSettings } from "@nanoagent/models";
import { cutText } from "@nanoagent/models";
import type { AgentEvent, EmitEvent } from "./agent-event.js";
import { checkMessage, type TurnMessage } from "./check-message.js";
import { ContextWindow, type WindowOptions } from "./context/context-window.js";
import type { ConversationMessage } from "./engines/conversation-message.js";
import { ABORT_GRACE_MILLISECONDS } from "./engines/engine.js";
import { IdleWork } from "./engines/idle-work.js";
import { EventHandoff } from "./event-handoff.js";
import { NanoRuntimeError } from "./nano-runtime-error.js";
import { onAbort } from "./on-abort.js";
import { asTurnError, runTurn, type SharedParts, type TurnOptions } from "./run-turn.js";
import { History, MAX_HISTORY_BYTES, memoryOf } from "./session/history.js";
import type { Journal } from "./session/journal/journal.js";
import { describeReport } from "./session/journal/journal-report.js";
import { TurnQueue } from "./session/turn-queue.js";
import { recordWindow, restoreWindow } from "./session/window-record.js";
import type { ToolShortlist } from "./tools/tool-shortlist.js";
import { TurnAbort } from "./turn-abort.js";

/** How long `close` waits for the running turn: the engine's grace period, plus the same time for the event reader. */
const CLOSE_MILLISECONDS = 2 * ABORT_GRACE_MILLISECONDS;

export interface RestartOptions {
  /**
   * Indexes of messages that begin a turn, besides the user's: the first result of the caller's tools after each reply
   * that called them. With a session, such a reply then ends its turn on disk, as it did when it was written. Default: none.
   */
  turnStarts?: readonly number[] | undefined;
}

export interface ConverseOptions {
  /** Folder and durability of the conversation on disk. Default: it is kept in memory only. */
  session?: SessionSettings | undefined;
  /**
   * Most bytes of the conversation that stay in memory, counted as two bytes per character and 200 per message. The
   * oldest turns are dropped first; the newest turn stays regardless of its size. Default: 4 MB.
   */
  maxHistoryBytes?: number | undefined;
  /** Messages that were said before, for a conversation without a session; see {@link Conversation.restart}. */
  before?: readonly ConversationMessage[] | undefined;
}

/**
 * Opens the session of a conversation. Other programs that open it see `owner`, the agent's name. Throws
 * {@link SessionError}.
 */
export async function openJournal(settings: SessionSettings | undefined, owner: string): Promise<Journal | null> {
  if (settings === undefined) return null;
  // Files need Node; this module does not.
  const { openSession } = await import("#node-parts");
  return openSession(settings, owner);
}

/**
 * One conversation with an agent; {@link Agent.converse} opens it.
 *
 * - Messages are answered one at a time, in the order in which they arrive. Up to 64 can wait.
 * - Conversations share the engine. It answers one turn at a time, in the order in which the conversations asked. Only
 *   one waiting message of each conversation is in that queue, so that none can crowd out another. While a tool runs or
 *   a permission request is open, other turns may use the engine.
 * - A turn that fails or is aborted keeps the text that was shown, with `ended: "interrupted"`; its `error` event has
 *   this text as `reply`. A turn that showed nothing is dropped, unless it called tools that change the world and there
 *   is a session. A reply with a schema is kept completely or not at all.
 * - With a session, a returned reply is on disk: see {@link Journal}.
 * - After `close()`, or after its agent was closed, `process` and `stream` fail with `not-loaded`.
 * - An empty or blank message is answered like any other; engines get a note that it has no words. A message longer
 *   than {@link MAX_MESSAGE_BYTES} fails with `message-too-large`.
 */
export class Conversation implements AsyncDisposable {
  readonly #agent: SharedParts;
  readonly #journal: Journal | null;
  readonly #windowOptions: WindowOptions;
  readonly #maxHistoryBytes: number;
  readonly #onClose: (conversation: Conversation) => void;
  readonly #queue = new TurnQueue();
  #history: History;
  #window: ContextWindow;
  #shortlist: ToolShortlist | null;
  /** The running turn. */
  #turn: TurnAbort | null = null;
  #closing: Promise<void> | null = null;

  private constructor(
    agent: SharedParts,
    journal: Journal | null,
    history: History,
    windowOptions: WindowOptions,
    maxHistoryBytes: number,
    onClose: (conversation: Conversation) => void,
  ) {
    this.#agent = agent;
    this.#journal = journal;
    this.#history = history;
    this.#windowOptions = windowOptions;
    this.#maxHistoryBytes = maxHistoryBytes;
    this.#onClose = onClose;
    this.#window = new ContextWindow(agent.engine, agent.instructions, windowOptions);
    this.#shortlist = agent.tools?.newShortlist() ?? null;
    restoreWindow(this.#window, history, journal);
  }

  /**
   * Continues the conversation in the journal, or starts one. Takes ownership of the journal, even if this throws.
   * @internal
   */
  static async open(
    agent: SharedParts,
    journal: Journal | null,
    {
      maxHistoryBytes = MAX_HISTORY_BYTES,
      before = [],
      onClose,
      ...windowOptions
    }: Pick<ConverseOptions, "maxHistoryBytes" | "before"> & {
      onClose: (conversation: Conversation) => void;
    } & WindowOptions,
  ): Promise<Conversation> {
    try {
      if (!Number.isSafeInteger(maxHistoryBytes) || maxHistoryBytes < 1) throw invalidBound(maxHistoryBytes);
      const history = await restoreHistory(journal, maxHistoryBytes);
      if (journal === null) history.restore(turnsOf(before), 0);
      return new Conversation(agent, journal, history, windowOptions, maxHistoryBytes, onClose);
    } catch (error) {
      await journal?.close();
      throw error;
    }
  }

  /**
   * The conversation so far, oldest first: a copy of the part in memory. The oldest turns are dropped first, and
   * {@link droppedTurns} counts them. Readable after `close`. A turn that called tools has the calls (`tool_calls`) and
   * their results (role `tool`) between its message and its reply.
   */
  get history(): readonly ConversationMessage[] {
    return this.#history.messages;
  }

  /** Number of turns that are no longer in {@link history}. */
  get droppedTurns(): number {
    return this.#history.droppedTurns;
  }

  /** Number of turns known to be missing from the session's files, as far as these were read. */
  get missingTurns(): number {
    return this.#journal?.report.missing_turns ?? 0;
  }

  /** Notices about the opened session: repaired damage, acts with an unknown outcome. One sentence per item. */
  get notices(): readonly string[] {
    return this.#journal === null ? [] : describeReport(this.#journal.report);
  }

  /** Returns the reply to a message. Throws the error that {@link stream} yields as an `error` event. */
  async process(message: TurnMessage, options: TurnOptions = {}): Promise<AgentMessage> {
    const last = await this.#answer(message, options ?? {}, new TurnAbort(), () => {});
    if (last.type === "error") throw last.error;
    if (last.type !== "run-end") throw new TypeError("The last event is not run-end");
    return last.reply;
  }

  /**
   * Answers a message and yields its events. Never throws: the last event is one `run-end` or one `error`, and then the
   * turn is over. The message enters the queue when the first event is requested. A caller that stops reading (`break`,
   * `return()`) aborts the turn. A caller that only pauses blocks the messages behind it, and other conversations that
   * wait for the engine, until its turn is aborted or times out.
   */
  stream(message: TurnMessage, options: TurnOptions = {}): AsyncGenerator<AgentEvent, void> {
    const abort = new TurnAbort();
    const events = this.#eventsOf(message, options ?? {}, abort);
    return {
      next: () => events.next(),
      // A generator handles these only at its next event; abort the engine immediately.
      return: () => {
        abort.abort();
        return events.return();
      },
      throw: (error) => {
        abort.abort();
        return events.throw(error);
      },
      [Symbol.asyncIterator]() {
        return this;
      },
      [Symbol.asyncDispose]: async () => {
        abort.abort();
        await events.return();
      },
    };
  }

  async *#eventsOf(message: TurnMessage, options: TurnOptions, abort: TurnAbort): AsyncGenerator<AgentEvent, void> {
    const handoff = new EventHandoff();
    let next = handoff.next();
    const answering = this.#answer(message, options, abort, handoff.emit).finally(() => handoff.end());
    for (let event = await next; event !== null; event = await next) {
      let isLeft = true;
      try {
        yield event;
        isLeft = false;
        next = handoff.next();
      } catch (error) {
        isLeft = false;
        next = handoff.fail(error);
      } finally {
        if (isLeft) {
          handoff.leave();
          await answering;
        }
      }
    }
    yield await answering;
  }

  /** Answers a message: emits all events except the last, which it returns. Never rejects. */
  async #answer(message: TurnMessage, options: TurnOptions, abort: TurnAbort, emit: EmitEvent): Promise<AgentEvent> {
    // Resources are released in reverse order.
    const releases: (() => void)[] = [];
    try {
      releases.push(onAbort(options.signal, () => abort.abort()));
      const checked = checkMessage(message);
      if (this.#closing !== null) throw NanoRuntimeError.notLoaded();
      if (abort.aborted) throw NanoRuntimeError.aborted();
      releases.push(IdleWork.of(this.#agent.engine).interrupt());
      const waiting = this.#queue.enter(abort, NanoRuntimeError.aborted);
      if (waiting !== undefined) await waiting;
      releases.push(() => this.#leave());
      if (this.#closing !== null) throw NanoRuntimeError.notLoaded();
      this.#turn = abort;
      return await runTurn(this.#agent, this.#state, checked, options, abort, emit);
    } catch (error) {
      return { type: "error", error: asTurnError(error, abort.isCalledOff) };
    } finally {
      for (const release of releases.reverse()) release();
    }
  }

  get #state() {
    return {
      history: this.#history,
      journal: this.#journal,
      window: this.#window,
      shortlist: this.#shortlist,
    };
  }

  #leave(): void {
    this.#turn = null;
    this.#queue.leave();
    this.#summarizeWhenIdle();
  }

  /**
   * The complete conversation, oldest first, one message at a time. With a session it is read from disk in constant
   * memory; without one it is the content of {@link history}.
   */
  async *readHistory(): AsyncGenerator<ConversationMessage, void> {
    for await (const messages of this.readTurns()) yield* messages;
  }

  /** The same as {@link readHistory}, one turn at a time. The results of the caller's tools begin a turn. */
  async *readTurns(): AsyncGenerator<readonly ConversationMessage[], void> {
    if (this.#closing !== null) throw NanoRuntimeError.notLoaded();
    if (this.#journal === null) yield* this.#history.turns;
    else for await (const { messages } of this.#journal.conversationTurns()) yield messages;
  }

  /**
   * Starts a new conversation; with a session, the old one stays on disk. Throws {@link NanoRuntimeError}
   * `turn-running` while a message is being answered.
   */
  reset(): void {
    if (this.#closing !== null) throw NanoRuntimeError.notLoaded();
    if (this.#turn !== null) {
      throw new NanoRuntimeError({
        code: "turn-running",
        message: "The conversation cannot be reset while a message is being answered.",
        hint: "Wait for the reply, or abort it.",
      });
    }
    // If the record cannot be written now, it is written before the next turn.
    this.#journal?.beginConversation().catch(() => {});
    void IdleWork.of(this.#agent.engine).remove(this);
    this.#begin(new History(this.#maxHistoryBytes));
  }

  /**
   * Replaces the conversation: these messages are all that was said so far. With a session, they are written to disk as
   * a new conversation, and the old one stays readable. Waits for the messages before it, like `process`. Throws
   * {@link NanoRuntimeError} `not-loaded` and {@link SessionError}; the conversation is then as it was.
   */
  async restart(before: readonly ConversationMessage[], { turnStarts = [] }: RestartOptions = {}): Promise<void> {
    if (this.#closing !== null) throw NanoRuntimeError.notLoaded();
    await this.#queue.enter(new AbortController().signal, NanoRuntimeError.aborted);
    try {
      if (this.#closing !== null) throw NanoRuntimeError.notLoaded();
      const turns = turnsOf(before, turnStarts);
      // A summary of the old conversation must not follow the new one on disk.
      await waitAtMost(ABORT_GRACE_MILLISECONDS, IdleWork.of(this.#agent.engine).remove(this));
      const replaced = this.#history;
      await this.#journal?.restartConversation(turns);
      // A conversation that was reset in the meantime stays empty, as it is on disk.
      if (this.#history !== replaced) return;
      const history = new History(this.#maxHistoryBytes);
      history.restore(turns, 0);
      this.#begin(history);
    } finally {
      this.#queue.leave();
    }
  }

  #begin(history: History): void {
    const { engine, instructions, tools } = this.#agent;
    this.#history = history;
    this.#window = new ContextWindow(engine, instructions, this.#windowOptions);
    this.#shortlist = tools?.newShortlist() ?? null;
  }

  /** Ends the running turn, rejects those that wait, and closes the session. Safe to call twice. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#queue.refuseWaiting(NanoRuntimeError.notLoaded);
    this.#turn?.abort();
    // Only summaries are work of a conversation that is idle.
    if (this.#queue.isBusy || this.#windowOptions.summarizes === true) {
      const idle = Promise.all([this.#queue.idle(), IdleWork.of(this.#agent.engine).remove(this)]);
      await waitAtMost(CLOSE_MILLISECONDS, idle);
    }
    this.#onClose(this);
    await this.#journal?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Summarizes the turns that leave the window while the engine is idle. */
  #summarizeWhenIdle(): void {
    const { engine } = this.#agent;
    if (this.#windowOptions.summarizes !== true || engine.contextTokens === null || this.#closing !== null) return;
    const { history, journal, window } = this.#state;
    IdleWork.of(engine).add(this, async (signal) => {
      while (await window.summarize(history.finished, signal)) {
        if (this.#window === window) await recordWindow(window, history, journal);
      }
    });
  }
}

/** Returns the newest part of the journal's conversation that fits in memory. */
async function restoreHistory(journal: Journal | null, maxBytes: number): Promise<History> {
  const history = new History(maxBytes);
  if (journal === null) return history;
  const turns = await journal.newestTurns(maxBytes, memoryOf);
  const { turns: last, conversation_turn } = journal.counts;
  const first = turns[0]?.turn ?? last + 1;
  history.restore(
    turns.map(({ messages }) => messages.map((message) => Object.freeze(message))),
    Math.max(0, first - conversation_turn),
  );
  return history;
}

/** Groups messages by turn. Each user message begins one, and so do the messages with the indexes `starts`. */
function turnsOf(messages: readonly ConversationMessage[], starts: readonly number[] = []): ConversationMessage[][] {
  const turns: ConversationMessage[][] = [];
  const begin = new Set(starts);
  for (const [index, message] of messages.entries()) {
    if (message.role === "user" || turns.length === 0 || begin.has(index)) turns.push([]);
    turns.at(-1)?.push(Object.freeze({ ...message }));
  }
  return turns;
}

function invalidBound(value: unknown): NanoRuntimeError {
  return new NanoRuntimeError({
    code: "invalid-options",
    message: `maxHistoryBytes must be a positive integer, not ${cutText(String(value), 100)}.`,
    hint: "Pass a number of bytes, such as 64 * 1024, or omit it for 4 MB.",
  });
}

async function waitAtMost(milliseconds: number, promise: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([promise, limit]);
  clearTimeout(timer);
}
