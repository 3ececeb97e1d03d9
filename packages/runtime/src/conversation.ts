import type { AgentMessage, AgentMessageInput, SessionSettings } from "@nanoagent/models";
import { cutText } from "@nanoagent/models";
import type { AgentEvent, EmitEvent } from "./agent-event.js";
import { checkMessage } from "./check-message.js";
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

/** How long `close` waits for the running turn: its engine's grace, and as long again for the reader of its events. */
const CLOSE_MILLISECONDS = 2 * ABORT_GRACE_MILLISECONDS;

export interface ConverseOptions {
  /** Folder and durability of the conversation on disk. Default: it is kept in memory only. */
  session?: SessionSettings | undefined;
  /**
   * Most bytes of the conversation that stay in memory, counted at two bytes a character and 200 for each message. The
   * oldest whole turns leave first; the newest turn stays, whatever its size. Default: 4 MB.
   */
  maxHistoryBytes?: number | undefined;
  /** Messages that a conversation without a session begins with. Default: none. */
  before?: readonly ConversationMessage[] | undefined;
}

/** Opens the session of a conversation. `owner` is the agent's name, for others that want the session. Throws {@link SessionError}. */
export async function openJournal(settings: SessionSettings | undefined, owner: string): Promise<Journal | null> {
  if (settings === undefined) return null;
  // Files need Node; this module does not.
  const { openSession } = await import("#node-parts");
  return openSession(settings, owner);
}

/**
 * One conversation with an agent; {@link Agent.converse} opens it.
 *
 * - Messages are answered one at a time, in the order in which they came; up to 64 wait.
 * - Conversations share the engine: it answers one turn at a time, in the order in which the conversations asked. A
 *   conversation with many waiting messages has one of them in that order, so that none can crowd out another. While a
 *   tool runs, or a person is asked, other turns may use the engine.
 * - A turn that fails or is aborted stays in the history as far as its text was shown, with `ended: "interrupted"`; its
 *   `error` event has that part as `reply`. One that showed nothing leaves nothing, unless it called tools that change the
 *   world and there is a session. A reply that was to satisfy a schema is there whole or not at all.
 * - With a session, a reply that was returned is on disk: see {@link Journal}.
 * - After `close()`, or after its agent was closed, `process` and `stream` fail with `not-loaded`.
 * - The empty message, or one of blanks, is a message like any other, and engines are told that it has no words; one longer than {@link MAX_MESSAGE_BYTES} fails with
 *   `message-too-large`.
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
  /** The turn that runs. */
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
   * Goes on with the conversation that the journal holds, or begins one. Takes over the journal, also when it throws.
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
   * The conversation so far, oldest first: a copy of what is in memory. Whole turns leave at the oldest end, and
   * {@link droppedTurns} counts them. It stays readable after `close`. A turn that called tools has the calls
   * (`tool_calls`) and their results (role `tool`) between its message and its reply.
   */
  get history(): readonly ConversationMessage[] {
    return this.#history.messages;
  }

  /** Number of the oldest turns that are no longer in {@link history}. */
  get droppedTurns(): number {
    return this.#history.droppedTurns;
  }

  /** Number of turns of the session that are known to be missing from its files, as far as these were read. */
  get missingTurns(): number {
    return this.#journal?.report.missing_turns ?? 0;
  }

  /** Sentences about the session that was opened: damage that was repaired, acts whose outcome is unknown. */
  get notices(): readonly string[] {
    return this.#journal === null ? [] : describeReport(this.#journal.report);
  }

  /** Returns the reply to a message. Throws the error that {@link stream} reports as an `error` event. */
  async process(message: string | AgentMessageInput, options: TurnOptions = {}): Promise<AgentMessage> {
    const last = await this.#answer(message, options ?? {}, new TurnAbort(), () => {});
    if (last.type === "error") throw last.error;
    if (last.type !== "run-end") throw new TypeError("A run ended without an end");
    return last.reply;
  }

  /**
   * Answers a message and reports the events meanwhile. Never throws: the last event is one `run-end` or one `error`, and
   * with it the turn is over. The message takes its place in the queue when the first event is asked for. A caller that
   * stops reading (`break`, `return()`) has aborted. One that only pauses holds up the messages behind it, and other
   * conversations that wait for the engine, until its turn is aborted or out of time.
   */
  stream(message: string | AgentMessageInput, options: TurnOptions = {}): AsyncGenerator<AgentEvent, void> {
    const abort = new TurnAbort();
    const events = this.#eventsOf(message, options ?? {}, abort);
    return {
      next: () => events.next(),
      // A generator hears of these only when it has an event to give; the engine is told at once.
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

  async *#eventsOf(
    message: string | AgentMessageInput,
    options: TurnOptions,
    abort: TurnAbort,
  ): AsyncGenerator<AgentEvent, void> {
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

  /** Answers a message: emits the events but for the last one, which it returns. Never rejects. */
  async #answer(
    message: string | AgentMessageInput,
    options: TurnOptions,
    abort: TurnAbort,
    emit: EmitEvent,
  ): Promise<AgentEvent> {
    // Whatever is taken is given back in the opposite order.
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
   * All of the conversation, oldest first, one message at a time: with a session it is read from the disk, in a memory
   * that does not grow with it; without one it is what {@link history} holds.
   */
  async *readHistory(): AsyncGenerator<ConversationMessage, void> {
    if (this.#closing !== null) throw NanoRuntimeError.notLoaded();
    const journal = this.#journal;
    if (journal === null) yield* this.#history.messages;
    else for await (const { messages } of journal.turns(journal.counts.conversation_turn)) yield* messages;
  }

  /**
   * Starts a new conversation in place of this one; with a session, the old one stays on the disk. Throws
   * {@link NanoRuntimeError} `turn-running` while a message is being answered.
   */
  reset(): void {
    if (this.#closing !== null) throw NanoRuntimeError.notLoaded();
    if (this.#turn !== null) {
      throw new NanoRuntimeError({
        code: "turn-running",
        message: "A message is being answered; the conversation cannot be reset now.",
        hint: "Wait for the reply, or abort it.",
      });
    }
    const { engine, instructions, tools } = this.#agent;
    this.#history = new History(this.#maxHistoryBytes);
    // A record that cannot be written now is written before the next turn.
    this.#journal?.beginConversation().catch(() => {});
    void IdleWork.of(engine).remove(this);
    this.#window = new ContextWindow(engine, instructions, this.#windowOptions);
    this.#shortlist = tools?.newShortlist() ?? null;
  }

  /** Ends the turn that runs, refuses those that wait, and closes the session. May be called twice. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#queue.refuseWaiting(NanoRuntimeError.notLoaded);
    this.#turn?.abort();
    const idle = Promise.all([this.#queue.idle(), IdleWork.of(this.#agent.engine).remove(this)]);
    await waitAtMost(CLOSE_MILLISECONDS, idle);
    this.#onClose(this);
    await this.#journal?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Has the turns that leave the window summarized while nobody waits for the engine. */
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

/** Returns the newest part of the conversation that the journal holds, as much of it as stays in memory. */
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

/** Messages by turn: each of the user's begins one. */
function turnsOf(messages: readonly ConversationMessage[]): ConversationMessage[][] {
  const turns: ConversationMessage[][] = [];
  for (const message of messages) {
    if (message.role === "user" || turns.length === 0) turns.push([]);
    turns.at(-1)?.push(Object.freeze({ ...message }));
  }
  return turns;
}

function invalidBound(value: unknown): NanoRuntimeError {
  return new NanoRuntimeError({
    code: "invalid-options",
    message: `maxHistoryBytes is ${cutText(String(value), 100)}, which is not a positive integer.`,
    hint: "Pass a number of bytes, such as 64 * 1024, or leave it out for 4 MB.",
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
