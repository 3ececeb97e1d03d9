import { unlessAborted } from "../embeddings.js";
import type { Engine, EngineEvent, EngineRequest } from "../engine.js";
import { asEngineError, EngineError } from "../engine-error.js";
import { type EngineFacts, EngineWithFacts } from "../engine-facts.js";
import type { HostFiles } from "./find-host.js";
import type { HostProcess } from "./host-process.js";
import type { HostStart } from "./host-start.js";
import type { HostedReply } from "./hosted-reply.js";
import type { RunningHost } from "./running-host.js";
import { startHost } from "./start-host.js";

export interface HostedEngineOptions extends HostFiles {
  /** Engine and limits of a start. A function is called again before every start. */
  start: HostStart | ((signal: AbortSignal) => Promise<HostStart>);
  /** Stops the host after this time without requests; the next request restarts it. 0: never. */
  idleUnloadSeconds?: number | undefined;
  /** Called before an idle unload. */
  onIdleUnload?: (() => void) | undefined;
  onProgress?: ((share: number) => void) | undefined;
  /** Called for every host that has opened its engine. */
  onHost?: ((host: RunningHost) => void) | undefined;
}

/**
 * Engine in a separate process. A crash of native code becomes an `error` event with code `engine-crashed` instead of
 * ending the program, and the next request starts a new process. When the process ends, all of its memory is freed. It
 * never outlives the program, and its output never reaches the program's terminal.
 */
export class HostedEngine extends EngineWithFacts implements Engine {
  readonly #options: HostedEngineOptions;
  readonly #closing = new AbortController();
  #host: Promise<HostProcess> | null;
  /** The start in progress, shared by all requests that arrive meanwhile. */
  #starting: Promise<HostProcess> | null = null;
  /** The end of the previous host. Two hosts never run at once, because they would need twice the memory. */
  #ending: Promise<void> = Promise.resolve();
  /** The current or most recent host. */
  #last: HostProcess;
  #calls = 0;
  #respawns = 0;
  /** Callers of `idle` that wait for all requests to finish. */
  #waiting: (() => void)[] = [];
  #idleTimer: ReturnType<typeof setTimeout> | undefined;

  private constructor(options: HostedEngineOptions, host: HostProcess) {
    super();
    this.#options = options;
    this.#host = Promise.resolve(host);
    this.#last = host;
    this.#scheduleUnload();
  }

  /** Starts the host and opens its engine. Throws {@link EngineError} or the engine's own error. */
  static async open(options: HostedEngineOptions): Promise<HostedEngine> {
    return new HostedEngine(options, await start(options, new AbortController().signal));
  }

  /** Facts of the current or most recent host. Each start may have different ones. */
  get facts(): EngineFacts {
    return this.#last.facts;
  }

  /** How often a host was started because the one before had ended without `unload`. */
  get respawns(): number {
    return this.#respawns;
  }

  /** Whether a request is in progress. */
  get isBusy(): boolean {
    return this.#calls > 0;
  }

  /** Resolves when no request is in progress. */
  async idle(): Promise<void> {
    while (this.#calls > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Process id of the host, or null if none runs. */
  async processId(): Promise<number | null> {
    const host = await this.#host?.catch(() => null);
    return host?.ended === false ? host.processId : null;
  }

  async *generate(
    request: EngineRequest,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<EngineEvent> {
    if (signal?.aborted && !this.#closing.signal.aborted) {
      yield { type: "end", reason: "abort" };
      return;
    }
    this.#calls += 1;
    let reply: HostedReply | null = null;
    try {
      const host = await this.#wake();
      reply = host.startReply(request, signal);
      for (;;) {
        const event = await reply.next();
        yield event;
        if (event.type === "end" || event.type === "error") return;
      }
    } catch (error) {
      yield { type: "error", error: asEngineError(error) };
    } finally {
      reply?.close();
      this.#rest();
    }
  }

  async countTokens(text: string): Promise<number> {
    const [tokens = 0] = await this.countTokensOfAll([text]);
    return tokens;
  }

  countTokensOfAll(texts: readonly string[]): Promise<number[]> {
    return this.#ask((host) => host.countTokensOfAll(texts));
  }

  /** Embeds texts. Rejects with `embeddings-not-supported` if the engine cannot. */
  async embed(texts: readonly string[], { signal }: { signal?: AbortSignal | undefined } = {}): Promise<number[][]> {
    this.#refuseIfClosed();
    return unlessAborted(
      this.#ask((host) => host.embed(texts, signal)),
      signal,
    );
  }

  /** Saves the engine's state. Returns the number of bytes, or null if no host runs or the engine keeps no state. */
  async saveState(): Promise<number | null> {
    return (await this.processId()) === null ? null : this.#ask((host) => host.saveState());
  }

  /** Stops the host; the next request restarts it. Replies in progress end as aborted. */
  unload(): Promise<void> {
    clearTimeout(this.#idleTimer);
    const host = this.#host;
    this.#host = null;
    const ended = Promise.all([this.#ending, host?.then((host) => host.stop()).catch(() => {})]).then(() => {});
    this.#ending = ended;
    return ended;
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    await this.unload();
  }

  async #ask<Answer>(question: (host: HostProcess) => Promise<Answer>): Promise<Answer> {
    this.#calls += 1;
    try {
      return await question(await this.#wake());
    } finally {
      this.#rest();
    }
  }

  /** Returns the host, and restarts it if it has ended. */
  async #wake(): Promise<HostProcess> {
    this.#refuseIfClosed();
    clearTimeout(this.#idleTimer);
    const running = await this.#host?.catch(() => null);
    if (running !== null && running !== undefined && !running.ended && this.#host !== null) return running;
    const hasDied = running?.ended === true && this.#host !== null;
    await this.#ending;
    this.#refuseIfClosed();
    if (hasDied && this.#starting === null) this.#respawns += 1;
    const starting = this.#starting ?? start(this.#options, this.#closing.signal);
    this.#starting = starting;
    this.#host = starting;
    try {
      const host = await starting;
      this.#last = host;
      return host;
    } finally {
      if (this.#starting === starting) this.#starting = null;
    }
  }

  #refuseIfClosed(): void {
    if (this.#closing.signal.aborted) throw EngineError.closed(this.name);
  }

  #rest(): void {
    this.#calls -= 1;
    if (this.#calls === 0) for (const resolve of this.#waiting.splice(0)) resolve();
    this.#scheduleUnload();
  }

  #scheduleUnload(): void {
    const { idleUnloadSeconds = 0 } = this.#options;
    if (this.#closing.signal.aborted || this.#calls > 0 || idleUnloadSeconds === 0) return;
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => {
      this.#options.onIdleUnload?.();
      void this.unload();
    }, idleUnloadSeconds * 1000);
    this.#idleTimer.unref();
  }
}

async function start(options: HostedEngineOptions, signal: AbortSignal): Promise<HostProcess> {
  const { hostFile, nodeFile, onProgress, onHost } = options;
  const next = typeof options.start === "function" ? await options.start(signal) : options.start;
  const host = await startHost({ ...next, hostFile, nodeFile, onProgress, signal });
  onHost?.(host);
  return host;
}
