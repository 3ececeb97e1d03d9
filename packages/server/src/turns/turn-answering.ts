import type { ServedConversations } from "@nanoagent/models";
import type { Agent } from "@nanoagent/runtime";
import { ConversationStore } from "../conversations/conversation-store.js";
import { aborted } from "../conversations/waiting-line.js";
import { ServiceError } from "../errors/service-error.js";
import type { PermissionDesk } from "../permissions/permission-desk.js";
import { AnswerStream } from "./answer-stream.js";
import { answerWithAgent } from "./answer-with-agent.js";
import { answerWithModel } from "./answer-with-model.js";
import type { AnswerEvent, Answering, Ask } from "./ask.js";
import { embedInBatches } from "./embed-in-batches.js";
import { EmbeddingTurn } from "./embedding-turn.js";
import { TurnGate } from "./turn-gate.js";
import { TurnLengths } from "./turn-lengths.js";

/** Most requests that are taken besides the one that the engine answers. */
const MAX_WAITING = 16;
/** Seconds after which a service that stops has probably started again. */
const RESTART_SECONDS = 5;
/** How long `drain` waits for running turns. */
const DRAIN_MILLISECONDS = 10_000;

export interface TurnAnsweringOptions {
  /** Limits of conversations. Default: those of the agent's config. */
  conversations?: ServedConversations | undefined;
  /** Store of the conversations. Default: a new one. */
  store?: ConversationStore | undefined;
  /** Receives the notices of stored conversations that are opened. Default: nobody. */
  onNotice?: ((notice: string) => void) | undefined;
  /** Called for each request that gets no place. Default: nothing is. */
  onRefused?: ((reason: RefusalReason) => void) | undefined;
  /** Clock, in milliseconds since 1970. Default: the system's. */
  now?: (() => number) | undefined;
}

/** Why a request gets no place: too many are taken already, or the service stops. */
export type RefusalReason = "queue-full" | "stopping";

interface Turn {
  stream: AnswerStream | EmbeddingTurn | null;
  isBegun: boolean;
  begunAt: number;
}

/**
 * Answers requests with an agent, or with its model alone.
 *
 * - At most 17 requests are taken: one that is being answered and 16 that wait, or whose tools or questions do. A further
 *   one is refused with `queue-full`, and told to try again after the mean length of recent turns.
 * - While the agent is replaced (`pause`, `resume`), requests wait. While the service stops (`drain`), they are refused
 *   with `service-stopping`.
 * - A turn ends, and its place is free, as soon as its last event exists: at the latest 250 ms after an abort.
 */
export class TurnAnswering implements Answering {
  #agent: Agent;
  readonly #desk: PermissionDesk;
  readonly #store: ConversationStore;
  readonly #now: () => number;
  readonly #onRefused: (reason: RefusalReason) => void;
  readonly #turns = new Set<Turn>();
  readonly #gate = new TurnGate();
  readonly #lengths = new TurnLengths();
  /** Called when a turn has ended. */
  readonly #watchers = new Set<() => void>();
  /** Number of turns and other works that use the agent. */
  #begun = 0;
  #isStopping = false;

  constructor(agent: Agent, desk: PermissionDesk, options: TurnAnsweringOptions = {}) {
    const { conversations, now = Date.now, onNotice, onRefused = () => {} } = options;
    const { store = new ConversationStore({ limits: conversations, now, onNotice }) } = options;
    this.#agent = agent;
    this.#desk = desk;
    this.#now = now;
    this.#onRefused = onRefused;
    this.#store = store;
    this.#store.use(agent);
  }

  /** Number of turns that have the engine or a tool. One turn at a time has the engine. */
  get running(): number {
    let withTool = 0;
    let isEngineUsed = false;
    for (const { stream } of this.#turns) {
      const last = stream?.last ?? null;
      if (last === "tool-call" || last === "permission") withTool += 1;
      else if (last !== null) isEngineUsed = true;
    }
    return withTool + (isEngineUsed ? 1 : 0);
  }

  /** Number of requests that wait for the engine, for their conversation or for the agent's replacement. */
  get waiting(): number {
    return this.#turns.size - this.running;
  }

  /** Number of open conversations, and its limit. */
  get conversations(): { open: number; max: number } {
    return { open: this.#store.count, max: this.#store.max };
  }

  /** See {@link Answering.answer}. Errors after the queue are events. */
  async answer(ask: Ask, signal: AbortSignal): Promise<AsyncGenerator<AnswerEvent, void>> {
    const turn = this.#takePlace(signal);
    turn.stream = new AnswerStream((abort) => this.#start(turn, ask, abort), { signal, onOver: () => this.#end(turn) });
    return turn.stream;
  }

  /** See {@link Answering.checkPlace}. */
  checkPlace(): void {
    if (this.#isStopping) {
      this.#onRefused("stopping");
      throw serviceStopping();
    }
    if (this.#turns.size > MAX_WAITING) {
      this.#onRefused("queue-full");
      throw queueFull(this.#turns.size, this.#lengths.retrySeconds);
    }
  }

  /** Embeds texts: see `Agent.embed`. A request has a place in the queue like a turn, and takes turns with the others. */
  async embed(texts: readonly string[], signal: AbortSignal): Promise<number[][]> {
    const turn = this.#takePlace(signal);
    const embedding = new EmbeddingTurn(signal);
    turn.stream = embedding;
    try {
      await this.#begin(turn, embedding.signal);
      embedding.last = "run-start";
      return await embedInBatches(this.#agent, texts, embedding.signal);
    } catch (error) {
      throw embedding.errorFor(error);
    } finally {
      embedding.end();
      this.#end(turn);
    }
  }

  /**
   * Runs work with the agent that takes no place in the queue of turns. Waits while the agent is replaced, and the
   * agent is not replaced before the work ends. Rejects with `aborted` when the signal aborts first, and with
   * {@link ServiceError} `service-stopping`.
   */
  async use<Result>(signal: AbortSignal, work: (agent: Agent) => Promise<Result>): Promise<Result> {
    await this.#enter(signal);
    try {
      return await work(this.#agent);
    } finally {
      this.#leave();
    }
  }

  /** Removes the conversation of an id: see `ConversationStore.forget`. */
  forget(id: string): Promise<boolean> {
    return this.#store.forget(id);
  }

  /** Makes new turns wait. Resolves when those in progress have ended. */
  async pause(): Promise<void> {
    this.#gate.close();
    await this.#until(() => this.#begun === 0);
  }

  /** Continues with this agent. Conversations move to it when they are used next. */
  resume(agent: Agent): void {
    this.#agent = agent;
    this.#store.use(agent);
    this.#gate.open();
  }

  /** Refuses new turns. Resolves when those in progress have ended. Those that take longer are aborted. */
  async drain(milliseconds = DRAIN_MILLISECONDS): Promise<void> {
    this.#isStopping = true;
    this.#gate.refuse(serviceStopping());
    const timer = setTimeout(() => {
      for (const { stream } of [...this.#turns]) stream?.abort(serviceStopping());
    }, milliseconds);
    await this.#until(() => this.#turns.size === 0);
    clearTimeout(timer);
  }

  /** Closes the conversations, and ends their turns. */
  async close(): Promise<void> {
    await this.drain(0);
    await this.#store.close();
  }

  #takePlace(signal: AbortSignal): Turn {
    this.checkPlace();
    if (signal.aborted) throw aborted();
    const turn: Turn = { stream: null, isBegun: false, begunAt: 0 };
    this.#turns.add(turn);
    return turn;
  }

  async #begin(turn: Turn, signal: AbortSignal): Promise<void> {
    await this.#enter(signal);
    turn.isBegun = true;
    turn.begunAt = this.#now();
  }

  /** Takes the agent for a turn or other work. */
  async #enter(signal: AbortSignal): Promise<void> {
    if (this.#isStopping) throw serviceStopping();
    const passing = this.#gate.pass(signal);
    if (passing !== undefined) await passing;
    if (signal.aborted) throw aborted();
    this.#begun += 1;
  }

  #leave(): void {
    this.#begun -= 1;
    for (const check of [...this.#watchers]) check();
  }

  async #start(turn: Turn, ask: Ask, abort: AbortController): Promise<AsyncGenerator<AnswerEvent, void>> {
    await this.#begin(turn, abort.signal);
    if (ask.target === "model") return answerWithModel(ask, this.#agent, abort.signal);
    return answerWithAgent(ask, { agent: this.#agent, store: this.#store, desk: this.#desk }, abort);
  }

  #end(turn: Turn): void {
    if (!this.#turns.delete(turn)) return;
    if (turn.isBegun) {
      this.#lengths.note(turn.begunAt, this.#now());
      this.#leave();
    } else for (const check of [...this.#watchers]) check();
  }

  /** Resolves as soon as a condition holds. It is checked whenever a turn has ended. */
  #until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (!holds()) return;
        this.#watchers.delete(check);
        resolve();
      };
      this.#watchers.add(check);
      check();
    });
  }
}

function queueFull(count: number, retrySeconds: number): ServiceError {
  return new ServiceError({
    code: "queue-full",
    message: `The agent already has ${count} requests to answer.`,
    hint: `Try again in ${retrySeconds} s.`,
    status: 429,
    type: "rate_limit_error",
    retrySeconds,
  });
}

function serviceStopping(): ServiceError {
  return new ServiceError({
    code: "service-stopping",
    message: "The service is stopping.",
    hint: "Send the request again in a moment.",
    status: 503,
    type: "server_error",
    retrySeconds: RESTART_SECONDS,
  });
}
