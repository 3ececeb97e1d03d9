import type { ChildProcess } from "node:child_process";
import type { NanoAgentError } from "@nanoagent/models";
import { lacksRoomForCode } from "../../processes/fatal-output.js";
import { ABORT_GRACE_MILLISECONDS, type EngineEvent, type EngineRequest } from "../engine.js";
import { EngineError } from "../engine-error.js";
import type { EngineFacts } from "../engine-facts.js";
import { EventQueue } from "../event-queue.js";
import { describeExit, type HostExit, outOfMemory, tellsOfMemory } from "./host-exit.js";
import {
  type EngineThreads,
  fromErrorData,
  type HostCall,
  type HostedEngineSource,
  type HostReport,
  type ThreadSpeed,
} from "./host-protocol.js";
import { type HostLaunch, launchHost, reservedCodeBytes } from "./launch-host.js";
import { type Patience, readProcessWork, SignsOfLife } from "./signs-of-life.js";

/** Node is up after a tenth of a second of processor time; where its memory limit is too small it can hang before that. */
const TO_START: Patience = {
  stillMilliseconds: 15_000,
  mainThreadMilliseconds: 60_000,
  cpuMilliseconds: 120_000,
  clockMilliseconds: 60_000,
};
/** Opening a model may take long, but never that long without any progress. */
const TO_OPEN: Patience = {
  stillMilliseconds: 60_000,
  mainThreadMilliseconds: 180_000,
  cpuMilliseconds: 1_800_000,
  clockMilliseconds: 180_000,
};
/** A host at work gives a sign of life twice a second, unless a chat template keeps it from that. */
const AT_WORK: Patience = {
  stillMilliseconds: 15_000,
  mainThreadMilliseconds: 8_000,
  cpuMilliseconds: 1_800_000,
  clockMilliseconds: 8_000,
};
const LOOK_MILLISECONDS = 1000;
/** An engine that was asked to close has so long to do it, and to write its state down. */
const CLOSE_MILLISECONDS = 5_000;
/** Of what native code prints, the end is kept for the error message. */
const MAX_OUTPUT_CHARACTERS = 2_000;

const WITHOUT_COMPILED_CODE =
  "The memory limit leaves Node no room for compiled code, so the engine's process runs without it. Replies are as fast; opening the model and long chat templates are slower.";

/** What one start of a host opens, and what it may take. */
export interface HostStart {
  source: HostedEngineSource;
  limits?: HostLaunch | undefined;
}

export interface HostProcessOptions extends HostStart {
  hostFile?: string | undefined;
  onProgress?: ((share: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** One life of a host process. */
export class HostProcess {
  /** Facts of the engine that it has opened. */
  facts: EngineFacts = { name: "hosted", contextTokens: null };
  /** Memory that its Node reserves for compiled code, in bytes; its RLIMIT_DATA is higher by as much. */
  readonly reservedCodeBytes: number;
  threadTrials: readonly ThreadSpeed[] = [];
  ended = false;
  /** Tokens that its engine has evaluated since it began, as of its last sign of life. */
  work = 0;
  readonly #child: ChildProcess;
  readonly #limits: HostLaunch;
  #hasStarted = false;
  readonly #replies = new Map<number, EventQueue<EngineEvent>>();
  readonly #questions = new Map<
    number,
    { resolve: (value: number | null) => void; reject: (error: NanoAgentError) => void }
  >();
  /** Resolves when the process has ended and is waited for. */
  readonly whenEnded: Promise<void>;
  #onReport: ((report: HostReport) => void) | null = null;
  #output = "";
  #signs: SignsOfLife | null = null;
  #nextId = 1;
  #watch: ReturnType<typeof setInterval> | undefined;
  #endedAs: HostExit["endedAs"] = null;
  #exit: EngineError | null = null;

  private constructor({ hostFile, limits = {} }: HostProcessOptions) {
    const child = launchHost(hostFile, limits);
    this.#child = child;
    this.#limits = limits;
    this.reservedCodeBytes = reservedCodeBytes(limits);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#output = (this.#output + text).slice(-MAX_OUTPUT_CHARACTERS);
      });
    }
    child.on("message", (report: HostReport) => this.#receive(report));
    this.whenEnded = new Promise((resolve) => {
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

  /** Starts a host and opens its engine. Throws {@link EngineError}, or what the engine threw as it opened. */
  static async start(options: HostProcessOptions): Promise<HostProcess> {
    const host = new HostProcess(options);
    try {
      await host.#open(options);
      return host;
    } catch (error) {
      if (!host.#mayStartWithoutCompiledCode) throw error;
    }
    // The reservation was more than was read of this program's own, or a limit around it is lower.
    const { limits, signal } = options;
    if (signal?.aborted) {
      void limits?.group?.remove();
      throw cancelled();
    }
    const plain = new HostProcess({ ...options, limits: { ...limits, withoutCompiledCode: true } });
    await plain.#open(options);
    plain.facts = { ...plain.facts, notices: [...(plain.facts.notices ?? []), WITHOUT_COMPILED_CODE] };
    return plain;
  }

  async #open({ source, onProgress, signal }: HostProcessOptions): Promise<void> {
    const cancel = () => this.#child.kill("SIGKILL");
    signal?.addEventListener("abort", cancel, { once: true });
    try {
      await this.#until("started", TO_START);
      this.#hasStarted = true;
      this.#send({ type: "open", source });
      const opened = await this.#until("opened", TO_OPEN, onProgress);
      this.facts = opened.facts;
      this.threadTrials = opened.threadTrials;
      this.#setBusy(false);
    } catch (error) {
      this.#child.kill("SIGKILL");
      throw signal?.aborted ? cancelled() : error;
    } finally {
      signal?.removeEventListener("abort", cancel);
    }
  }

  get processId(): number | null {
    return this.#child.pid ?? null;
  }

  /** From the next slice and the next token on. */
  useThreads(threads: EngineThreads): void {
    this.#send({ type: "use-threads", threads });
  }

  get isBusy(): boolean {
    return this.#replies.size > 0 || this.#questions.size > 0;
  }

  async *generate(request: EngineRequest, signal: AbortSignal | undefined): AsyncGenerator<EngineEvent> {
    const id = this.#nextId++;
    const events = new EventQueue<EngineEvent>();
    if (this.ended) throw this.#failure();
    this.#replies.set(id, events);
    this.#setBusy(true);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const abort = () => {
      this.#send({ type: "abort", id });
      // An engine that is deep in native code ends its reply here, and the work over there when it can.
      timer = setTimeout(() => events.push({ type: "end", reason: "abort" }), ABORT_GRACE_MILLISECONDS / 2);
    };
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
      this.#setBusy(this.isBusy);
    }
  }

  async countTokens(text: string): Promise<number> {
    return (await this.#ask((id) => ({ type: "count-tokens", id, text }))) ?? 0;
  }

  /** How many bytes were written; null where the engine keeps nothing. */
  saveState(): Promise<number | null> {
    return this.#ask((id) => ({ type: "save-state", id }));
  }

  /** Asks it to close, and ends it when it does not. */
  async stop(): Promise<void> {
    if (this.ended) return;
    for (const events of this.#replies.values()) events.push({ type: "end", reason: "abort" });
    this.#child.ref();
    this.#send({ type: "close" });
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), CLOSE_MILLISECONDS);
    await this.whenEnded;
    clearTimeout(timer);
  }

  /** Ends it at once, because it takes more memory than it may: whoever waits gets `engine-out-of-memory`. */
  async killForMemory(): Promise<void> {
    if (this.ended) return;
    this.#endedAs = "out-of-memory";
    this.#child.kill("SIGKILL");
    await this.whenEnded;
  }

  #ask(call: (id: number) => HostCall): Promise<number | null> {
    const id = this.#nextId++;
    return new Promise<number | null>((resolve, reject) => {
      if (this.ended) return reject(this.#failure());
      this.#questions.set(id, { resolve, reject });
      this.#setBusy(true);
      this.#send(call(id));
    }).finally(() => {
      this.#questions.delete(id);
      this.#setBusy(this.isBusy);
    });
  }

  #send(call: HostCall): void {
    // A host that has just ended says so by its exit.
    if (this.#child.connected) this.#child.send(call, () => {});
  }

  #receive(report: HostReport): void {
    this.#signs?.see(performance.now());
    this.#onReport?.(report);
    if (report.type === "event") {
      const { event } = report;
      const own = event.type === "error" ? { ...event, error: this.#fromHost(event.error) } : event;
      this.#replies.get(report.id)?.push(own);
    } else if (report.type === "answer") {
      this.#questions.get(report.id)?.resolve(report.value);
    } else if (report.type === "failed") {
      this.#questions.get(report.id)?.reject(this.#fromHost(report.error));
    } else if (report.type === "alive") {
      this.work = report.work;
    }
  }

  /** An error of the host's; one that tells of memory, where memory is limited, is what every such failure is. */
  #fromHost(data: Parameters<typeof fromErrorData>[0]): NanoAgentError {
    const error = fromErrorData(data);
    const text = `${error.message} ${error.reason ?? ""}`;
    return error.code === "engine-failed" && tellsOfMemory(text) ? outOfMemory(text, error) : error;
  }

  /** Waits for one report. Progress, and the work that the kernel counts, show that waiting is worth while. */
  #until<Type extends HostReport["type"]>(
    type: Type,
    patience: Patience,
    onProgress?: (share: number) => void,
  ): Promise<Extract<HostReport, { type: Type }>> {
    return new Promise((resolve, reject) => {
      const signs = this.#watchSigns(patience);
      const watch = setInterval(() => {
        const hang = signs.findHang(performance.now());
        if (hang === null) return;
        // Node that is up but says nothing is out of memory where it has a limit.
        this.#endedAs = type === "started" && this.#isLimited ? "out-of-memory" : hang;
        settle();
        reject(this.#failure());
      }, LOOK_MILLISECONDS);
      const settle = () => {
        clearInterval(watch);
        this.#onReport = null;
      };
      this.#onReport = (report) => {
        if (report.type === "progress") {
          signs.see(performance.now());
          onProgress?.(report.share);
        } else if (report.type === "open-failed") {
          settle();
          reject(this.#fromHost(report.error));
        } else if (report.type === type) {
          settle();
          resolve(report as Extract<HostReport, { type: Type }>);
        }
      };
      this.#child.once("error", (cause) => {
        settle();
        reject(new EngineError({ code: "engine-crashed", message: "The engine's process cannot be started.", cause }));
      });
      void this.whenEnded.then(() => {
        settle();
        reject(this.#failure());
      });
    });
  }

  #watchSigns(patience: Patience): SignsOfLife {
    const { pid } = this.#child;
    return new SignsOfLife(patience, () => (pid === undefined ? null : readProcessWork(pid)), performance.now());
  }

  get #isLimited(): boolean {
    return this.#limits.dataBytes !== undefined || this.#limits.group !== undefined;
  }

  /** While it works it is watched, and keeps the program alive; at rest it does neither. */
  #setBusy(busy: boolean): void {
    if (!busy) {
      clearInterval(this.#watch);
      this.#watch = undefined;
      this.#signs = null;
      this.#child.unref();
      this.#child.channel?.unref();
      return;
    }
    this.#child.ref();
    this.#child.channel?.ref();
    if (this.#watch !== undefined) return;
    const signs = this.#watchSigns(AT_WORK);
    this.#signs = signs;
    this.#watch = setInterval(() => {
      const hang = signs.findHang(performance.now());
      if (hang === null) return;
      this.#endedAs ??= hang;
      this.#child.kill("SIGKILL");
    }, LOOK_MILLISECONDS);
  }

  #end(exitCode: number | null, signal: NodeJS.Signals | null): void {
    this.ended = true;
    clearInterval(this.#watch);
    this.#exit = this.#describe(exitCode, signal);
    for (const events of this.#replies.values()) events.push({ type: "error", error: this.#exit });
    for (const { reject } of this.#questions.values()) reject(this.#exit);
    // The second start goes into the same group.
    if (!this.#mayStartWithoutCompiledCode) void this.#limits.group?.remove();
  }

  /** Whether it has ended because its Node had no room for compiled code, which a start without it does not need. */
  get #mayStartWithoutCompiledCode(): boolean {
    const { ended } = this;
    return ended && !this.#hasStarted && !this.#limits.withoutCompiledCode && lacksRoomForCode(this.#output);
  }

  #failure(): EngineError {
    return this.#exit ?? this.#describe(null, null);
  }

  #describe(exitCode: number | null, signal: NodeJS.Signals | null): EngineError {
    return describeExit({ exitCode, signal, ...this.#exitFacts() });
  }

  #exitFacts(): Omit<HostExit, "exitCode" | "signal"> {
    return {
      output: this.#output,
      isLimited: this.#isLimited,
      hasStarted: this.#hasStarted,
      endedAs: this.#endedAs,
      killedForMemory: this.#limits.group?.killedForMemory() ?? false,
    };
  }
}

function cancelled(): EngineError {
  return new EngineError({ code: "engine-closed", message: "The engine was closed while it was being opened." });
}
