import type { ChildProcess } from "node:child_process";
import type { NanoAgentError } from "@nanoagent/models";
import { onAbort } from "../../on-abort.js";
import { lacksRoomForCode, tellsOfMemory } from "../../processes/fatal-output.js";
import { LastWords } from "../../processes/last-words.js";
import { ABORT_GRACE_MILLISECONDS, type EngineEvent, type EngineRequest } from "../engine.js";
import type { EngineError } from "../engine-error.js";
import { type EngineFacts, withNotice } from "../engine-facts.js";
import { EventQueue } from "../event-queue.js";
import type { HostCommand } from "./find-host.js";
import { describeExit, type HostExit, outerLimitBytes, outOfMemory } from "./host-exit.js";
import { AT_WORK, TO_OPEN, TO_SAVE, TO_START } from "./host-patience.js";
import {
  fromErrorData,
  HOST_VERSION,
  type HostAnswer,
  type HostCall,
  type HostedEngineSource,
  type HostReport,
} from "./host-protocol.js";
import type { HostedReply } from "./hosted-reply.js";
import { type HostLaunch, launchHost, reservedCodeBytes } from "./launch-host.js";
import type { RunningHost } from "./running-host.js";
import type { Patience } from "./signs-of-life.js";
import { type HangWatch, watchForHang } from "./watch-for-hang.js";
import { isThisNode, notNode, otherVersion } from "./wrong-host.js";

/** Most characters to keep of the output of native code. The end is kept, for error messages. */
const MAX_OUTPUT_CHARACTERS = 2_000;

/** A request that the host has not answered yet. */
interface Question {
  type: HostAnswer["type"];
  resolve: (answer: HostAnswer) => void;
  reject: (error: NanoAgentError) => void;
}

/** One run of a host process. */
export class HostProcess implements RunningHost {
  /** Facts of the opened engine. */
  facts: EngineFacts = { name: "hosted", contextTokens: null };
  readonly reservedCodeBytes: number;
  ended = false;
  work = 0;
  readonly #child: ChildProcess;
  readonly #command: HostCommand;
  readonly #limits: HostLaunch;
  #hasStarted = false;
  readonly #replies = new Map<number, EventQueue<EngineEvent>>();
  readonly #questions = new Map<number, Question>();
  readonly whenEnded: Promise<void>;
  readonly #started: Promise<Extract<HostReport, { type: "started" }>>;
  #onReport: ((report: HostReport) => void) | null = null;
  readonly #output = new LastWords(MAX_OUTPUT_CHARACTERS);
  #nextId = 1;
  readonly #savePatience: Patience;
  #watch: HangWatch | null = null;
  #isStopping = false;
  #isReplaced = false;
  #startFailure: unknown = null;
  #endedAs: HostExit["endedAs"] = null;
  #exit: EngineError | null = null;

  /** Launches the process. Throws the error of the system call. */
  constructor(command: HostCommand, limits: HostLaunch, savePatience: Patience = TO_SAVE) {
    const child = launchHost(command, limits);
    this.#child = child;
    this.#command = command;
    this.#limits = limits;
    this.#savePatience = savePatience;
    this.reservedCodeBytes = reservedCodeBytes(limits);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => this.#output.add(text));
    }
    child.on("message", (report: HostReport) => this.#receive(report));
    this.whenEnded = new Promise((resolve) => {
      child.on("close", (exitCode, signal) => {
        this.#end(exitCode, signal);
        resolve();
      });
      child.on("error", (cause) => {
        this.#startFailure = cause;
        this.#end(null, null);
        resolve();
      });
    });
    this.#started = this.#until("started", TO_START);
    // Prevents an unhandled rejection while the engine is still being chosen.
    this.#started.catch(() => {});
  }

  /** Opens an engine in the process. Throws {@link EngineError} or the engine's own error. */
  async open(source: HostedEngineSource, onProgress?: (share: number) => void): Promise<void> {
    const { version } = await this.#started;
    if (version !== HOST_VERSION) throw otherVersion(this.#command, version);
    this.#send({ type: "open", source });
    const opened = await this.#until("opened", TO_OPEN, onProgress);
    this.facts = opened.facts;
    this.#updateWatch();
  }

  /** Kills the process at once, without notifying waiting requests. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  /** Kills the process and waits for its end, so that another one can replace it in the same cgroup. */
  async leaveTo(): Promise<void> {
    this.#isReplaced = true;
    this.kill();
    await this.whenEnded;
  }

  get processId(): number | null {
    return this.#child.pid ?? null;
  }

  get isBusy(): boolean {
    return this.#replies.size > 0 || this.#questions.size > 0;
  }

  /** Starts a reply. Throws {@link EngineError} if the process has ended. */
  startReply(request: EngineRequest, signal: AbortSignal | undefined): HostedReply {
    if (this.ended) throw this.#failure();
    const id = this.#nextId++;
    const events = new EventQueue<EngineEvent>();
    this.#replies.set(id, events);
    this.#updateWatch();
    this.#send({ type: "generate", id, request });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stopListening = onAbort(signal, () => {
      this.#send({ type: "abort", id });
      // If native code does not stop in time, the reply ends here and the host stops when it can.
      timer = setTimeout(() => events.push({ type: "end", reason: "abort" }), ABORT_GRACE_MILLISECONDS / 2);
    });
    let hasEnded = false;
    return {
      next: async () => {
        const event = await events.next();
        hasEnded = event.type === "end" || event.type === "error";
        return event;
      },
      close: () => {
        clearTimeout(timer);
        stopListening();
        if (!hasEnded) this.#send({ type: "abort", id });
        this.#replies.delete(id);
        this.#updateWatch();
      },
    };
  }

  /** Counts the tokens of each text in one request. */
  async countTokensOfAll(texts: readonly string[]): Promise<number[]> {
    const { tokens } = await this.#ask("counted", (id) => ({ type: "count-tokens", id, texts }));
    return [...tokens];
  }

  /** Embeds each text. */
  async embed(texts: readonly string[], signal: AbortSignal | undefined): Promise<number[][]> {
    let stopListening = () => {};
    try {
      const { vectors } = await this.#ask("embedded", (id) => {
        stopListening = onAbort(signal, () => this.#send({ type: "abort", id }));
        return { type: "embed", id, texts };
      });
      return vectors.map((vector) => [...vector]);
    } finally {
      stopListening();
    }
  }

  /** Returns the number of bytes written, or null if the engine keeps no state. */
  async saveState(): Promise<number | null> {
    return (await this.#ask("saved", (id) => ({ type: "save-state", id }))).bytes;
  }

  /** Asks the engine to close and waits while it makes progress. A process that hangs is killed. */
  async stop(): Promise<void> {
    if (this.ended) return;
    for (const events of this.#replies.values()) events.push({ type: "end", reason: "abort" });
    this.#isStopping = true;
    this.#updateWatch();
    this.#send({ type: "close" });
    await this.whenEnded;
  }

  async killForMemory(): Promise<void> {
    if (this.ended) return;
    this.#endedAs = "out-of-memory";
    this.#child.kill("SIGKILL");
    await this.whenEnded;
  }

  #ask<Type extends HostAnswer["type"]>(
    type: Type,
    call: (id: number) => HostCall,
  ): Promise<Extract<HostAnswer, { type: Type }>> {
    const id = this.#nextId++;
    return new Promise<HostAnswer>((resolve, reject) => {
      if (this.ended) return reject(this.#failure());
      this.#questions.set(id, { type, resolve, reject });
      this.#updateWatch();
      this.#send(call(id));
    }).finally(() => {
      this.#questions.delete(id);
      this.#updateWatch();
    }) as Promise<Extract<HostAnswer, { type: Type }>>;
  }

  #send(call: HostCall): void {
    // The send error of a host that has just ended is ignored; its exit is reported instead.
    if (this.#child.connected) this.#child.send(call, () => {});
  }

  #receive(report: HostReport): void {
    this.#onReport?.(report);
    this.#hasStarted ||= report.type === "started";
    if (report.type === "alive") {
      this.work = report.work;
      // A save may hang while the main thread runs on, so a sign of life counts as work only during replies and
      // embeddings.
      const isAtWork = this.#replies.size > 0 || [...this.#questions.values()].some(({ type }) => type === "embedded");
      if (isAtWork && !this.#isStopping) this.#watch?.see();
      else this.#watch?.seeMainThread();
      return;
    }
    this.#watch?.see();
    if (report.type === "notice") this.facts = withNotice(this.facts, report.notice);
    if (report.type === "call-form") this.facts = { ...this.facts, callForm: report.callForm };
    if (report.type === "event") {
      const { id, event } = report;
      this.#replies.get(id)?.push(event.type === "error" ? { ...event, error: this.#fromHost(event.error) } : event);
    } else if (report.type === "counted" || report.type === "embedded" || report.type === "saved") {
      this.#questions.get(report.id)?.resolve(report);
    } else if (report.type === "failed") {
      this.#questions.get(report.id)?.reject(this.#fromHost(report.error));
    }
  }

  /** Converts error data from the host. A failure caused by memory becomes the shared out-of-memory error. */
  #fromHost(data: Parameters<typeof fromErrorData>[0]): NanoAgentError {
    const error = fromErrorData(data);
    const text = `${error.message} ${error.reason ?? ""}`;
    return error.code === "engine-failed" && tellsOfMemory(text) ? outOfMemory(text, error) : error;
  }

  /** Waits for one report while the process makes progress or the kernel counts work. */
  #until<Type extends HostReport["type"]>(
    type: Type,
    patience: Patience,
    onProgress?: (share: number) => void,
  ): Promise<Extract<HostReport, { type: Type }>> {
    return new Promise((resolve, reject) => {
      const watch = watchForHang(this.#child.pid, patience, (hang) => {
        // If Node runs under a memory limit but reports nothing, it is out of memory.
        this.#endedAs = type === "started" && this.#isLimited ? "out-of-memory" : hang;
        if (type === "started" && !isThisNode(this.#command)) this.#exit = notNode(this.#command);
        settle();
        reject(this.#failure());
      });
      const settle = () => {
        watch.stop();
        this.#onReport = null;
      };
      this.#onReport = (report) => {
        if (report.type === "progress") {
          watch.see();
          onProgress?.(report.share);
        } else if (report.type === "misled") {
          settle();
          reject(notNode(this.#command));
        } else if (report.type === "open-failed") {
          settle();
          reject(this.#fromHost(report.error));
        } else if (report.type === type) {
          settle();
          resolve(report as Extract<HostReport, { type: Type }>);
        }
      };
      void this.whenEnded.then(() => {
        settle();
        reject(this.#failure());
      });
    });
  }

  get #isLimited(): boolean {
    return this.#limits.dataBytes !== undefined || this.#limits.group !== undefined;
  }

  /** Patience for the current activity, or null while the process is idle. */
  get #patience(): Patience | null {
    if (this.ended) return null;
    if (this.#isStopping) return this.#savePatience;
    if (this.#replies.size > 0) return AT_WORK;
    const types = [...this.#questions.values()].map(({ type }) => type);
    if (types.includes("saved")) return this.#savePatience;
    return types.length > 0 ? AT_WORK : null;
  }

  /** Watches the process and keeps the program alive while the process works; does neither while it is idle. */
  #updateWatch(): void {
    const patience = this.#patience;
    if (patience === null) {
      this.#child.unref();
      // Bun's channel does not have this method.
      this.#child.channel?.unref?.();
    } else {
      this.#child.ref();
      this.#child.channel?.ref?.();
    }
    if (patience === (this.#watch?.patience ?? null)) return;
    this.#watch?.stop();
    this.#watch =
      patience === null
        ? null
        : watchForHang(this.#child.pid, patience, (hang) => {
            this.#endedAs ??= hang;
            this.#child.kill("SIGKILL");
          });
  }

  #end(exitCode: number | null, signal: NodeJS.Signals | null): void {
    this.ended = true;
    this.#updateWatch();
    this.#exit ??= this.#describe(exitCode, signal);
    for (const events of this.#replies.values()) events.push({ type: "error", error: this.#exit });
    for (const { reject } of this.#questions.values()) reject(this.#exit);
    // Keep the cgroup if a second start will use it.
    if (!this.#isReplaced && !this.mayStartWithoutCompiledCode) void this.#limits.group?.remove();
  }

  /** Whether Node ended for lack of memory for compiled code. A restart without compiled code would then work. */
  get mayStartWithoutCompiledCode(): boolean {
    const { ended } = this;
    return ended && !this.#hasStarted && !this.#limits.withoutCompiledCode && lacksRoomForCode(this.#output.text);
  }

  #failure(): EngineError {
    return this.#exit ?? this.#describe(null, null);
  }

  #describe(exitCode: number | null, signal: NodeJS.Signals | null): EngineError {
    return describeExit({ exitCode, signal, ...this.#exitFacts() });
  }

  #exitFacts(): Omit<HostExit, "exitCode" | "signal"> {
    return {
      output: this.#output.text,
      start: { command: this.#command, cause: this.#startFailure },
      isLimited: this.#isLimited,
      hasStarted: this.#hasStarted,
      endedAs: this.#endedAs,
      killedForMemory: this.#limits.group?.killedForMemory() ?? false,
      outerLimitBytes: outerLimitBytes(this.#limits.dataBytes, this.reservedCodeBytes),
    };
  }
}
