import { eventStreamHeaders } from "../http/event-stream.js";
import type { HttpReply, HttpRequest, ReplyWriter } from "../http/exchange.js";
import type { OperatedAgent } from "../service/served-agent.js";
import { HelloEvents } from "./hello-events.js";
import { PageConversations } from "./page-conversations.js";
import { pagesUnread, tooManyPages } from "./page-errors.js";
import type { PageEvent, PageStatus, PageTurn, ShownConversation } from "./page-events.js";
import { PageQuestions } from "./page-questions.js";
import { pageStatus } from "./page-status.js";
import { eventText, type LongEvent, PageStream } from "./page-stream.js";
import type { TurnChange } from "./reduce-turn.js";

/** Most pages that are open at the same time. */
const MAX_STREAMS = 32;
/** Time between two looks at the status. */
const STATUS_MILLISECONDS = 2000;

interface PageState {
  readonly status: PageStatus;
  readonly open: Awaited<ReturnType<PageConversations["open"]>>;
}

/** Tells open pages everything that changes: turns of the conversation that each shows, lists, questions and status. */
export class PageDesk {
  readonly conversations: PageConversations;
  readonly #operated: OperatedAgent;
  readonly #questions: PageQuestions;
  readonly #streams = new Set<PageStream>();
  readonly #hellos = new HelloEvents();
  #round: Promise<void> = Promise.resolve();
  #timer: ReturnType<typeof setInterval> | null = null;
  #status: PageStatus | null = null;
  /** The agent that pages know of. */
  #agent: OperatedAgent["agent"];
  #isLooking = false;
  #isClosed = false;

  constructor(operated: OperatedAgent) {
    this.#operated = operated;
    this.#agent = operated.agent;
    this.conversations = new PageConversations(operated, {
      onList: () => {
        this.#tellAll({ type: "conversations", conversations: this.conversations.list() });
        // A turn begins or ends, so other figures of the status change, too.
        if (this.#timer !== null) void this.#look();
      },
      onTurn: (id, turn, change) => this.#tellTurn(id, turn, change),
      isShown: (id) => [...this.#streams].some(({ conversation }) => conversation === id),
    });
    this.#questions = new PageQuestions(operated.permissions, () =>
      this.#tellAll({ type: "questions", questions: this.#questions.list() }),
    );
    operated.onEnd(() => this.#close());
  }

  /** Opens the stream of a page. Throws {@link ServiceError} `too-many-pages`. */
  openStream(request: HttpRequest): HttpReply {
    if (this.#streams.size >= MAX_STREAMS) throw tooManyPages(MAX_STREAMS);
    if (this.#hellos.isFull) throw pagesUnread();
    const conversation = request.query("conversation");
    return {
      status: 200,
      headers: eventStreamHeaders,
      stream: (out) => this.#stream(new PageStream(conversation), out, request.signal),
    };
  }

  async #stream(stream: PageStream, out: ReplyWriter, signal: AbortSignal): Promise<void> {
    // Before the first wait, so that no more streams are open than are allowed, and the conversation stays in memory.
    if (signal.aborted || this.#streams.size >= MAX_STREAMS) return;
    this.#streams.add(stream);
    try {
      if (!this.#isClosed) this.#questions.enter();
      const state = await this.#readState(stream);
      await this.#nextRound();
      // The page connects again.
      if (signal.aborted || this.#hellos.isFull) return;
      this.#watchStatus();
      await stream.run(out, signal, this.#hello(stream, state));
    } finally {
      this.#streams.delete(stream);
      if (this.#streams.size === 0) this.#leave();
    }
  }

  /** Reads the part of a page's state that is not in memory. */
  async #readState({ conversation }: PageStream): Promise<PageState> {
    const [status, open] = await Promise.all([this.#operated.status(), this.conversations.open(conversation)]);
    return { status: pageStatus(status), open };
  }

  /** Resolves one by one for those that wait, and lets the service answer other requests in between. */
  #nextRound(): Promise<void> {
    this.#round = this.#round.then(() => new Promise((resolve) => setImmediate(resolve)));
    return this.#round;
  }

  /** Returns the event with the whole state. What waits for the page is part of it, and is not sent any more. */
  #hello(stream: PageStream, { status, open }: PageState): LongEvent {
    this.#status ??= status;
    const conversations = this.conversations.list();
    // It may have been removed since it was read.
    const isListed = conversations.some(({ id }) => id === open?.live.id);
    const conversation: ShownConversation | null =
      open !== null && isListed
        ? {
            id: open.live.id,
            title: open.title,
            turns: open.live.turns.list,
            has_older: open.live.turns.hasOlder,
          }
        : null;
    stream.forget();
    if (this.#isClosed) stream.close();
    return this.#hellos.add({
      type: "hello",
      agent: this.#operated.agent.config.spec.name,
      conversations,
      questions: this.#questions.list(),
      status,
      conversation,
    });
  }

  #tellAll(event: PageEvent): void {
    if (this.#streams.size === 0) return;
    const text = eventText(event);
    for (const stream of this.#streams) stream.send(text);
  }

  #tellTurn(id: string, turn: PageTurn, change: TurnChange): void {
    let text: string | null = null;
    for (const stream of this.#streams) {
      if (stream.conversation !== id) continue;
      text ??= eventText(change.type === "text" ? { ...change, turn: turn.id } : { type: "turn", turn });
      stream.send(text);
    }
  }

  #watchStatus(): void {
    if (this.#timer !== null || this.#isClosed) return;
    this.#timer = setInterval(() => void this.#look(), STATUS_MILLISECONDS);
    this.#timer.unref?.();
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      const status = pageStatus(await this.#operated.status());
      const isOther = this.#agent !== this.#operated.agent;
      const isNews = JSON.stringify(status) !== JSON.stringify(this.#status);
      this.#agent = this.#operated.agent;
      this.#status = status;
      // Everything can differ with another agent.
      if (isOther) await Promise.all([...this.#streams].map((stream) => this.#greet(stream)));
      else if (isNews) this.#tellAll({ type: "status", status });
    } catch {
      // The status cannot be read now, as while the agent is replaced.
    } finally {
      this.#isLooking = false;
    }
  }

  async #greet(stream: PageStream): Promise<void> {
    const state = await this.#readState(stream);
    await this.#nextRound();
    if (stream.isClosed) return;
    // The page connects again.
    if (this.#hellos.isFull) stream.close();
    else stream.send(this.#hello(stream, state));
  }

  #leave(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#status = null;
    this.#questions.leaveLater();
  }

  /** Ends the streams when the last turns are told. */
  async #close(): Promise<void> {
    this.#isClosed = true;
    await this.conversations.close();
    for (const stream of this.#streams) stream.close();
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#questions.close();
  }
}
