import { NanoAgentError } from "@nanoagent/models";
import type { ConversationMessage } from "@nanoagent/runtime";
import { ShownText } from "../conversations/shown-text.js";
import type { AnswerEvent, Answering, Ask } from "../turns/ask.js";
import { conversationUnknown } from "./page-errors.js";
import type { PageTurn } from "./page-events.js";
import { newTurn, reduceTurn, type TurnChange, type TurnProgress } from "./reduce-turn.js";
import { ShownTurns } from "./shown-turns.js";
import { VisibleHistory } from "./visible-history.js";

/** Memory of a conversation without turns. */
const BASE_BYTES = 4096;
const BYTES_PER_CHARACTER = 2;

export interface LiveConversationOptions {
  readonly id: string;
  readonly answering: Answering;
  /** Current time, in milliseconds since 1970. */
  readonly now: () => number;
  /** Called when a turn has a place in the queue, before it runs. */
  readonly onTurnBegin: (turn: PageTurn) => void;
  /** Called after every change of a turn. */
  readonly onChange: (turn: PageTurn, change: TurnChange) => void;
  /** Called when a turn has ended. `keptAt`: time of its message in the conversation, or null if that did not keep it. */
  readonly onTurnEnd: (turn: PageTurn, keptAt: string | null) => void;
  /** Turns of the conversation so far. Default: none. */
  readonly turns?: ShownTurns | undefined;
  readonly history?: VisibleHistory | undefined;
}

/**
 * A conversation of the page, with its turns in memory. Turns run one after the other, whether or not somebody looks. Each
 * has its place in the queue of the service from the beginning.
 */
export class LiveConversation {
  readonly id: string;
  readonly #options: LiveConversationOptions;
  readonly #turns: ShownTurns;
  readonly #history: VisibleHistory;
  readonly #running = new Map<string, AbortController>();
  #last: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: LiveConversationOptions) {
    this.id = options.id;
    this.#options = options;
    this.#turns = options.turns ?? new ShownTurns();
    this.#history = options.history ?? new VisibleHistory();
  }

  get turns(): ShownTurns {
    return this.#turns;
  }

  /** Whether a turn runs or waits. */
  get isBusy(): boolean {
    return this.#running.size > 0;
  }

  /** Memory of the conversation, in bytes. */
  get bytes(): number {
    return BASE_BYTES + BYTES_PER_CHARACTER * (this.#turns.characters + this.#history.characters);
  }

  /**
   * Begins a turn. Rejects with {@link ServiceError} `queue-full` or `service-stopping` if no turn is taken now, and with
   * `conversation-unknown` after {@link close}.
   */
  async send(message: string, id: string): Promise<PageTurn> {
    const { answering, now } = this.#options;
    const abort = new AbortController();
    const ask = new PageAsk(this.id, message, this.#history);
    const events = await answering.answer(ask, abort.signal);
    if (this.#isClosed) {
      await events.return();
      throw conversationUnknown();
    }
    const progress = newTurn({ id, message, at: new Date(now()).toISOString() });
    const { turn } = progress;
    this.#running.set(id, abort);
    this.#options.onTurnBegin(turn);
    this.#show(turn, { type: "turn" });
    this.#last = this.#last.then(() => this.#run(progress, ask, events));
    return turn;
  }

  /** Ends all turns, and takes no new ones. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.stop();
    await this.whenIdle();
  }

  /** Resolves when no turn runs or waits, and the end of each is told. */
  async whenIdle(): Promise<void> {
    do await this.#last;
    while (this.isBusy);
  }

  /** Aborts the turns that run or wait. Returns their number. */
  stop(): number {
    for (const abort of this.#running.values()) abort.abort();
    return this.#running.size;
  }

  async #run(begun: TurnProgress, ask: PageAsk, events: AsyncGenerator<AnswerEvent, void>): Promise<void> {
    const shown = new ShownText();
    let progress = begun;
    let at: string | null = null;
    let keptAt: string | null = null;
    const note = (event: AnswerEvent) => {
      if (event.type === "run-start") at = event.message.timestamp;
      if (event.type === "run-end" || event.type === "error") {
        const reply = shown.replyOf(event);
        // A turn that the conversation did not keep is not sent again.
        if (reply !== null) {
          this.#history.add(ask.messagesWith(reply.text, this.#timestamp()));
          keptAt = at;
        }
        this.#running.delete(progress.turn.id);
      }
      const reduced = reduceTurn(progress, event);
      progress = reduced.progress;
      this.#show(progress.turn, reduced.change);
    };
    try {
      for await (const event of events) {
        if (event.type === "text-delta") shown.add(event.text);
        else shown.note(event);
        note(event);
      }
    } catch (cause) {
      // Such as a log of the app that fails.
      if (this.#running.has(progress.turn.id)) note({ type: "error", error: unexpected(cause) });
    }
    this.#options.onTurnEnd(progress.turn, keptAt);
  }

  #timestamp(): string {
    return new Date(this.#options.now()).toISOString();
  }

  #show(turn: PageTurn, change: TurnChange): void {
    if (change.type === "none") return;
    this.#turns.put(turn);
    this.#options.onChange(turn, change);
  }
}

function unexpected(cause: unknown): NanoAgentError {
  return new NanoAgentError({ code: "unexpected", message: "The turn failed in an unexpected way.", cause });
}

/** The request for a reply to a message of the page. */
class PageAsk implements Ask {
  readonly target = "agent";
  readonly conversationIds: readonly string[];
  readonly instructions = null;
  readonly message: string;
  readonly mayAskClient = false;
  readonly #history: VisibleHistory;

  constructor(id: string, message: string, history: VisibleHistory) {
    this.conversationIds = [id];
    this.message = message;
    this.#history = history;
  }

  /** The conversation when it is asked for: turns that were ahead in the queue have ended by then. */
  get before(): readonly ConversationMessage[] {
    return this.#history.messages;
  }

  messagesWith(reply: string, timestamp: string): ConversationMessage[] {
    return [
      { role: "user", content: this.message, timestamp },
      { role: "assistant", content: reply, timestamp },
    ];
  }
}
