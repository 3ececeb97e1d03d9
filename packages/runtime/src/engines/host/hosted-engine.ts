import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { NanoAgentError } from "@nanoagent/models";
import { ABORT_GRACE_MILLISECONDS, type Engine, type EngineEvent, type EngineRequest } from "../engine.js";
import { EngineError } from "../engine-error.js";
import { EventQueue } from "./event-queue.js";
import { fromErrorData, type HostCall, type HostedEngineSource, type HostReport } from "./host-protocol.js";

/** Node itself is up in a tenth of a second; where its memory limit is too small it can hang there without a word. */
const START_MILLISECONDS = 15_000;
/** Opening may take long, but never so long without any progress. */
const OPEN_MILLISECONDS = 120_000;
/** Ten signs of life that did not come. */
const HUNG_MILLISECONDS = 5_000;
/** An engine that was asked to close has so long to do it. */
const CLOSE_MILLISECONDS = 2_000;
/** Of what native code prints, the end is kept for the error message. */
const MAX_OUTPUT_CHARACTERS = 2_000;

export interface HostedEngineOptions {
  source: HostedEngineSource;
  /** The host's program. Default: the one that this package brings. */
  hostFile?: string | undefined;
  limits?: HostLimits | undefined;
  /** Ends the host when nothing was asked of it for so long; the next request starts it again. 0: never. */
  idleUnloadSeconds?: number | undefined;
  onProgress?: ((share: number) => void) | undefined;
}

export interface HostLimits {
  /** The most private memory the host may reserve (RLIMIT_DATA); where the system has no such limit, none. */
  dataBytes?: number | undefined;
  /** The most memory that the host's own JavaScript may take, in MB. */
  heapMb?: number | undefined;
}

/**
 * An engine in a process of its own. A crash of native code is an `error` event with code `engine-crashed` and not the
 * end of the program; the next request starts a new process. Memory is really given back when it ends. It never
 * outlives the program, and its output never reaches the program's terminal.
 */
export class HostedEngine implements Engine {
  readonly name: string;
  readonly contextTokens: number | null;
  readonly #options: HostedEngineOptions;
  #host: Promise<Host> | null;
  /** The start that is under way: requests that come together wait for one and the same. */
  #starting: Promise<Host> | null = null;
  #closed = false;
  #calls = 0;
  #idleTimer: ReturnType<typeof setTimeout> | undefined;

  private constructor(options: HostedEngineOptions, host: Host) {
    this.#options = options;
    this.#host = Promise.resolve(host);
    this.name = host.engineName;
    this.contextTokens = host.contextTokens;
    this.#scheduleUnload();
  }

  /** Starts the host and opens its engine. Throws {@link EngineError}, or what the engine threw as it opened. */
  static async open(options: HostedEngineOptions): Promise<HostedEngine> {
    return new HostedEngine(options, await Host.start(options));
  }

  /** The host's process number, or null while there is none. */
  async processId(): Promise<number | null> {
    const host = await this.#host?.catch(() => null);
    return host?.ended === false ? host.processId : null;
  }

  async *generate(
    request: EngineRequest,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<EngineEvent> {
    if (signal?.aborted && !this.#closed) {
      yield { type: "end", reason: "abort" };
      return;
    }
    this.#calls += 1;
    try {
      const host = await this.#wake();
      yield* host.generate(request, signal);
    } catch (error) {
      yield { type: "error", error: NanoAgentError.isInstance(error) ? error : fromUnknown(error) };
    } finally {
      this.#rest();
    }
  }

  async countTokens(text: string): Promise<number> {
    this.#calls += 1;
    try {
      return await (await this.#wake()).countTokens(text);
    } finally {
      this.#rest();
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#idleTimer);
    await this.#stop();
  }

  /** The host, started again when it has ended. */
  async #wake(): Promise<Host> {
    if (this.#closed) throw EngineError.closed(this.name);
    clearTimeout(this.#idleTimer);
    const host = await this.#host?.catch(() => null);
    if (this.#closed) throw EngineError.closed(this.name);
    if (host !== null && host !== undefined && !host.ended) return host;
    const starting = this.#starting ?? Host.start(this.#options);
    this.#starting = starting;
    this.#host = starting;
    try {
      return await starting;
    } finally {
      if (this.#starting === starting) this.#starting = null;
    }
  }

  #rest(): void {
    this.#calls -= 1;
    this.#scheduleUnload();
  }

  #scheduleUnload(): void {
    const { idleUnloadSeconds = 0 } = this.#options;
    if (this.#closed || this.#calls > 0 || idleUnloadSeconds === 0) return;
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => void this.#stop(), idleUnloadSeconds * 1000);
    this.#idleTimer.unref();
  }

  async #stop(): Promise<void> {
    const host = await this.#host?.catch(() => null);
    this.#host = null;
    await host?.stop();
  }
}

/** One life of a host process. */
class Host {
  engineName = "";
  contextTokens: number | null = null;
  ended = false;
  readonly #child: ChildProcess;
  readonly #replies = new Map<number, EventQueue<EngineEvent>>();
  readonly #counts = new Map<number, { resolve: (tokens: number) => void; reject: (error: EngineError) => void }>();
  readonly #whenEnded: Promise<void>;
  #onReport: ((report: HostReport) => void) | null = null;
  #output = "";
  #lastSeen = performance.now();
  #nextId = 1;
  #watch: ReturnType<typeof setInterval> | undefined;
  #killedAs: "engine-hung" | null = null;

  private constructor(child: ChildProcess) {
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#output = (this.#output + text).slice(-MAX_OUTPUT_CHARACTERS);
      });
    }
    child.on("message", (report: HostReport) => this.#receive(report));
    this.#whenEnded = new Promise((resolve) => {
      child.on("close", (exitCode, signal) => {
        this.#end(exitCode, signal);
        resolve();
      });
      child.on("error", () => {
        this.#end(null, null);
        resolve();
      });
    });
  }

  static async start({ source, hostFile, limits, onProgress }: HostedEngineOptions): Promise<Host> {
    const host = new Host(launch(hostFile ?? defaultHostFile(), limits));
    try {
      await host.#until("started", START_MILLISECONDS);
      host.#send({ type: "open", source });
      const opened = await host.#until("opened", OPEN_MILLISECONDS, onProgress);
      host.engineName = opened.name;
      host.contextTokens = opened.contextTokens;
      host.#setBusy(false);
      return host;
    } catch (error) {
      host.#child.kill("SIGKILL");
      throw error;
    }
  }

  get processId(): number | null {
    return this.#child.pid ?? null;
  }

  async *generate(request: EngineRequest, signal: AbortSignal | undefined): AsyncGenerator<EngineEvent> {
    const id = this.#nextId++;
    const events = new EventQueue<EngineEvent>();
    if (this.ended) throw this.#failure(null, null);
    this.#replies.set(id, events);
    this.#setBusy(true);
    const abort = () => {
      this.#send({ type: "abort", id });
      // An engine that is deep in native code ends its reply here, and the work over there when it can.
      timer = setTimeout(() => events.push({ type: "end", reason: "abort" }), ABORT_GRACE_MILLISECONDS / 2);
    };
    let timer: ReturnType<typeof setTimeout> | undefined;
    let finished = false;
    signal?.addEventListener("abort", abort, { once: true });
    try {
      this.#send({ type: "generate", id, request });
      while (!finished) {
        const event = await events.next();
        finished = event.type === "end" || event.type === "error";
        yield event;
      }
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      if (!finished) this.#send({ type: "abort", id });
      this.#replies.delete(id);
      this.#setBusy(this.#replies.size > 0 || this.#counts.size > 0);
    }
  }

  countTokens(text: string): Promise<number> {
    const id = this.#nextId++;
    return new Promise<number>((resolve, reject) => {
      if (this.ended) return reject(this.#failure(null, null));
      this.#counts.set(id, { resolve, reject });
      this.#setBusy(true);
      this.#send({ type: "count-tokens", id, text });
    }).finally(() => {
      this.#counts.delete(id);
      this.#setBusy(this.#replies.size > 0 || this.#counts.size > 0);
    });
  }

  /** Asks it to close, and ends it when it does not. */
  async stop(): Promise<void> {
    if (this.ended) return;
    for (const events of this.#replies.values()) events.push({ type: "end", reason: "abort" });
    this.#child.ref();
    this.#send({ type: "close" });
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), CLOSE_MILLISECONDS);
    await this.#whenEnded;
    clearTimeout(timer);
  }

  #send(call: HostCall): void {
    // A host that has just ended says so by its exit.
    if (this.#child.connected) this.#child.send(call, () => {});
  }

  #receive(report: HostReport): void {
    this.#lastSeen = performance.now();
    this.#onReport?.(report);
    if (report.type === "event") {
      const { event } = report;
      this.#replies
        .get(report.id)
        ?.push(event.type === "error" ? { ...event, error: fromErrorData(event.error) } : event);
    } else if (report.type === "token-count") {
      this.#counts.get(report.id)?.resolve(report.tokens);
    }
  }

  /** Waits for one report; progress shows that waiting is worth while. */
  #until<Type extends HostReport["type"]>(
    type: Type,
    milliseconds: number,
    onProgress?: (share: number) => void,
  ): Promise<Extract<HostReport, { type: Type }>> {
    return new Promise((resolve, reject) => {
      const refuse = () => {
        this.#killedAs = "engine-hung";
        reject(this.#failure(null, null));
      };
      let timer = setTimeout(refuse, milliseconds);
      const settle = () => {
        clearTimeout(timer);
        this.#onReport = null;
      };
      this.#onReport = (report) => {
        if (report.type === "progress") {
          clearTimeout(timer);
          timer = setTimeout(refuse, milliseconds);
          onProgress?.(report.share);
        } else if (report.type === "open-failed") {
          settle();
          reject(fromErrorData(report.error));
        } else if (report.type === type) {
          settle();
          resolve(report as Extract<HostReport, { type: Type }>);
        }
      };
      this.#child.once("close", (exitCode, signal) => {
        settle();
        reject(this.#failure(exitCode, signal));
      });
      this.#child.once("error", (cause) => {
        settle();
        reject(new EngineError({ code: "engine-crashed", message: "The engine's process cannot be started.", cause }));
      });
    });
  }

  /** While it works it is watched, and keeps the program alive; at rest it does neither. */
  #setBusy(busy: boolean): void {
    if (!busy) {
      clearInterval(this.#watch);
      this.#watch = undefined;
      this.#child.unref();
      this.#child.channel?.unref();
      return;
    }
    this.#child.ref();
    this.#child.channel?.ref();
    if (this.#watch !== undefined) return;
    this.#lastSeen = performance.now();
    let lastLook = performance.now();
    this.#watch = setInterval(() => {
      const now = performance.now();
      // When this process itself was stopped, the host's silence says nothing.
      if (now - lastLook > HUNG_MILLISECONDS / 2) this.#lastSeen = now;
      lastLook = now;
      if (now - this.#lastSeen < HUNG_MILLISECONDS) return;
      this.#killedAs = "engine-hung";
      this.#child.kill("SIGKILL");
    }, HUNG_MILLISECONDS / 5);
  }

  #end(exitCode: number | null, signal: NodeJS.Signals | null): void {
    this.ended = true;
    clearInterval(this.#watch);
    const error = this.#failure(exitCode, signal);
    for (const events of this.#replies.values()) events.push({ type: "error", error });
    for (const { reject } of this.#counts.values()) reject(error);
  }

  #failure(exitCode: number | null, signal: NodeJS.Signals | null): EngineError {
    if (this.#killedAs === "engine-hung") {
      return new EngineError({
        code: "engine-hung",
        message: "The engine's process gave no sign of life and was ended.",
        reason: "The model's chat template may run without an end, or the machine is out of memory and only swaps.",
        hint: "Try again; if it happens again, use another model file or a smaller context.",
      });
    }
    return new EngineError({
      code: "engine-crashed",
      message: `The engine's process ended in the middle of its work (${describeExit(exitCode, signal)}).`,
      reason: this.#output.trim() || undefined,
      hint: "The next message starts it again. If it happens again, lower spec.max_memory_mb's use: a smaller context or model.",
    });
  }
}

function describeExit(exitCode: number | null, signal: NodeJS.Signals | null): string {
  if (signal === "SIGKILL") return "SIGKILL, as when memory runs out";
  if (signal !== null) return signal;
  if (exitCode === null) return "no exit code";
  const named = Object.entries(constants.signals).find(([, number]) => exitCode === 128 + number);
  return named?.[0] ?? `exit code ${exitCode}`;
}

function fromUnknown(error: unknown): EngineError {
  const message = error instanceof Error ? error.message : String(error);
  return new EngineError({ code: "engine-failed", message, cause: error });
}

function defaultHostFile(): string {
  return createRequire(import.meta.url).resolve("@nanoagent/runtime/engine-host");
}

/** A small process: few threads, small stacks and heap, and the limit on its memory set before it begins. */
function launch(hostFile: string, { dataBytes, heapMb = 32 }: HostLimits = {}): ChildProcess {
  const flags = ["--v8-pool-size=0", `--max-old-space-size=${heapMb}`, hostFile];
  const environment = { ...process.env, UV_THREADPOOL_SIZE: "2", NODE_OPTIONS: "" };
  const options = { env: environment, stdio: ["ignore", "pipe", "pipe", "ipc"] as ["ignore", "pipe", "pipe", "ipc"] };
  if (process.platform === "win32") return spawn(process.execPath, flags, options);
  // A crash must not fill the disk with a copy of the model.
  const limits = ["ulimit -c 0"];
  if (dataBytes !== undefined) limits.push("ulimit -s 1024", `ulimit -d ${Math.floor(dataBytes / 1024)}`);
  const limited = `${limits.join(" && ")} && exec "$0" "$@"`;
  return spawn("/bin/sh", ["-c", limited, process.execPath, ...flags], options);
}
