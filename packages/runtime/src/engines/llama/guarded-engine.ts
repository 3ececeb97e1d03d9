import type { FitPlan, NanoAgentError } from "@nanoagent/models";
import type { EngineCgroup } from "../../memory/engine-cgroup.js";
import type { MemoryGuard, Pressure } from "../../memory/memory-guard.js";
import type {
  EngineMemory,
  MemoryEnforcement,
  MemoryPressureEvent,
  PressureAction,
} from "../../memory/memory-report.js";
import { type LadderSettings, PressureLadder } from "../../memory/pressure-ladder.js";
import { readDataLimit } from "../../processes/process-limits.js";
import type { Engine, EngineEvent, EngineRequest } from "../engine.js";
import { asEngineError, EngineError } from "../engine-error.js";
import { type EngineFacts, EngineWithFacts } from "../engine-facts.js";
import type { HostProcess } from "../host/host-process.js";
import type { EngineThreads, ThreadSpeed } from "../host/host-protocol.js";
import { HostedEngine } from "../host/hosted-engine.js";
import type { LlamaEngineOptions } from "./llama-engine.js";
import type { StateFile } from "./state-file.js";

const BYTES_PER_MB = 2 ** 20;
/** RLIMIT_DATA stands so far above what the ledger says is reserved: allocators round up, and Node breathes. */
const LIMIT_MARGIN_SHARE = 0.25;
const LIMIT_MARGIN_BYTES = 48 * BYTES_PER_MB;
/** Attempts at one message, each with a smaller model than the one before. */
const MAX_ATTEMPTS = 6;
/** Events between two messages that are kept for the next one; the newest count. */
const MAX_WAITING_EVENTS = 16;

/** How a model is to be loaded within so many bytes. */
export interface PlannedModel {
  plan: FitPlan;
  options: LlamaEngineOptions;
  fileBytes: number;
}

export interface GuardedEngineOptions {
  guard: MemoryGuard;
  /** Plans the model within a budget, as the ladder says. Throws when it does not fit. */
  planModel(budgetBytes: number, settings: LadderSettings): Promise<PlannedModel>;
  /** A cgroup with this limit for the engine's process; null where there can be none. */
  createGroup(limitBytes: number): Promise<EngineCgroup | null>;
  stateFile: StateFile | null;
  /** Takes in what was tried with numbers of threads, and says how many are to be used from now on. */
  chooseThreads?: ((trials: readonly ThreadSpeed[]) => Promise<EngineThreads>) | undefined;
  hostFile?: string | undefined;
  idleUnloadSeconds: number;
  onLoadProgress?: ((share: number) => void) | undefined;
}

interface DataLimit {
  bytes: number;
  reservedCodeBytes: number;
}

/** One load of the model: its plan, and the limits that were put on its process. */
interface Load extends PlannedModel {
  group: EngineCgroup | null;
  /** RLIMIT_DATA that is in force; null where the system sets none. */
  dataLimit: DataLimit | null;
  enforcement: MemoryEnforcement;
}

/**
 * A local model within a memory budget. Each start of its process is planned anew from the file's header and what memory
 * there is then, and gets its limits from the plan. When memory runs short all the same it gives up one thing after
 * another, and the message that was under way is begun anew as long as nothing of its reply was said; after a crash
 * once.
 */
export class GuardedEngine extends EngineWithFacts implements Engine {
  readonly #options: GuardedEngineOptions;
  readonly #ladder = new PressureLadder();
  readonly #waiting: MemoryPressureEvent[] = [];
  #hosted: HostedEngine | null = null;
  #host: HostProcess | null = null;
  #load: Load | null = null;

  private constructor(options: GuardedEngineOptions) {
    super();
    this.#options = options;
  }

  static async open(options: GuardedEngineOptions): Promise<GuardedEngine> {
    const engine = new GuardedEngine(options);
    for (let attempt = 1; ; attempt++) {
      try {
        engine.#hosted = await HostedEngine.open({
          start: () => engine.#prepare(),
          hostFile: options.hostFile,
          idleUnloadSeconds: options.idleUnloadSeconds,
          onProgress: options.onLoadProgress,
          onHost: (host) => engine.#watch(host),
        });
        return engine;
      } catch (error) {
        if (attempt < MAX_ATTEMPTS && (await engine.#makeSmaller(asEngineError(error)))) continue;
        await options.guard.close();
        throw await explainStart(error);
      }
    }
  }

  /** Facts of the process, with the share of its context that may be filled at the moment. */
  get facts(): EngineFacts {
    const facts = this.#hosted?.facts ?? { name: "llama", contextTokens: this.#load?.plan.context_tokens ?? null };
    const { contextTokens } = facts;
    if (contextTokens === null) return facts;
    return { ...facts, contextTokens: Math.floor(contextTokens * this.#ladder.settings.windowShare) };
  }

  async *generate(
    request: EngineRequest,
    options: { signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<EngineEvent> {
    for (let attempt = 1; ; attempt++) {
      yield* this.#waiting.splice(0);
      if (this.#ladder.settings.refuses) {
        yield { type: "error", error: refused() };
        return;
      }
      const failure = yield* this.#attempt(request, options);
      if (failure === null) return;
      const again = !failure.hasSpoken && attempt < MAX_ATTEMPTS && (await this.#mayRetry(failure.error, attempt));
      yield* this.#waiting.splice(0);
      if (again) continue;
      yield { type: "error", error: failure.error };
      return;
    }
  }

  /** One try: its events, but for an error, which it returns. */
  async *#attempt(
    request: EngineRequest,
    options: { signal?: AbortSignal | undefined },
  ): AsyncGenerator<EngineEvent, { error: NanoAgentError; hasSpoken: boolean } | null> {
    let hasSpoken = false;
    for await (const event of this.#requireHosted().generate(request, options)) {
      yield* this.#waiting.splice(0);
      if (event.type === "error") return { error: event.error, hasSpoken };
      if (event.type === "text-delta" || event.type === "reasoning-delta" || event.type === "tool-call") {
        hasSpoken = true;
      }
      yield event;
    }
    return null;
  }

  async countTokens(text: string): Promise<number> {
    const [tokens = 0] = await this.countTokensOfAll([text]);
    return tokens;
  }

  async countTokensOfAll(texts: readonly string[]): Promise<number[]> {
    for (let attempt = 1; ; attempt++) {
      if (this.#ladder.settings.refuses) throw refused();
      try {
        return await this.#requireHosted().countTokensOfAll(texts);
      } catch (error) {
        if (attempt < MAX_ATTEMPTS && (await this.#mayRetry(asEngineError(error), attempt))) continue;
        throw error;
      }
    }
  }

  async saveState(): Promise<number | null> {
    return this.#options.stateFile === null ? null : this.#requireHosted().saveState();
  }

  async memory(): Promise<EngineMemory> {
    const { guard } = this.#options;
    const host = this.#host?.ended === false ? this.#host : null;
    return {
      limit_bytes: this.#load?.group?.limitBytes ?? guard.limitBytes,
      enforcement: this.#load?.enforcement ?? "watch",
      enforcement_detail: describeLimits(this.#load),
      process: host?.processId == null ? null : await guard.processMemory(host.processId),
      plan: this.#load?.plan ?? null,
      is_loaded: host !== null,
      pressure: this.#ladder.step,
    };
  }

  async close(): Promise<void> {
    await this.#hosted?.close();
    await this.#options.guard.close();
  }

  #requireHosted(): HostedEngine {
    if (this.#hosted === null) throw EngineError.closed(this.name);
    return this.#hosted;
  }

  /** Before every start: is there room now, and how is the model loaded in it? */
  async #prepare() {
    const { guard, planModel, createGroup, stateFile } = this.#options;
    const budgetBytes = await guard.admit();
    const planned = await planModel(budgetBytes, this.#ladder.settings);
    const { plan, options } = planned;
    await guard.hold(plan.ledger.peak_resident_bytes, null);
    const group = await createGroup(budgetBytes);
    const dataBytes = Math.ceil(plan.ledger.peak_reserved_bytes * (1 + LIMIT_MARGIN_SHARE) + LIMIT_MARGIN_BYTES);
    this.#load = { ...planned, group, dataLimit: null, enforcement: "watch" };
    return {
      source: { kind: "llama" as const, options: { ...options, stateFile: stateFile?.path ?? null } },
      limits: { dataBytes, group: group ?? undefined },
    };
  }

  #watch(host: HostProcess): void {
    const { guard } = this.#options;
    const { processId } = host;
    const load = this.#load;
    this.#host = host;
    if (processId === null || load === null) return;
    const bytes = readDataLimit(processId);
    load.dataLimit = bytes === null ? null : { bytes, reservedCodeBytes: host.reservedCodeBytes };
    load.enforcement = bytes === null ? "watch" : "rlimit-data";
    void load.group?.holds(processId).then(async (holds) => {
      if (holds) load.enforcement = load.group?.version === 2 ? "cgroup-v2" : "cgroup-v1";
      else load.group = null;
    });
    void guard.hold(load.plan.ledger.peak_resident_bytes, processId);
    if (host.threadTrials.length > 0) {
      void this.#options.chooseThreads?.(host.threadTrials).then((threads) => host.useThreads(threads));
    }
    void host.whenEnded.then(() => {
      if (this.#host === host) guard.unwatch();
    });
    const { fileBytes } = load;
    const watched = {
      processId,
      fileBytes,
      get isBusy() {
        return host.isBusy;
      },
      get work() {
        return host.work;
      },
    };
    guard.watch(watched, (pressure) => this.#look(host, pressure));
  }

  async #look(host: HostProcess, pressure: Pressure | null): Promise<void> {
    if (host.ended) return;
    if (pressure === null) {
      this.#ladder.rest(performance.now());
      return;
    }
    const tokens = this.#load?.plan.context_tokens ?? 0;
    // An engine that only pages, or is over the budget, is stopped; the device's need waits for the reply's end.
    const mustStop = pressure.reason !== "device";
    const now = performance.now();
    const steps =
      pressure.reason === "paging" ? this.#ladder.descendToReload(tokens, now) : [this.#ladder.descend(tokens, now)];
    for (const step of steps) if (step !== null) await this.#take(step, pressure);
    const last = steps.at(-1);
    const changesTheLoad = last !== "trim-window" && last !== "drop-saved-state";
    if (changesTheLoad && mustStop) await host.killForMemory();
    else if (changesTheLoad && !host.isBusy) await this.#hosted?.unload();
  }

  /** A crash may have been chance, once; want of memory calls for a smaller model. */
  async #mayRetry(error: NanoAgentError, attempt: number): Promise<boolean> {
    return error.code === "engine-crashed" ? attempt === 1 : this.#makeSmaller(error);
  }

  /** After memory ran out: the next start is smaller; false when nothing is left to give up. */
  async #makeSmaller(error: NanoAgentError): Promise<boolean> {
    if (error.code !== "engine-out-of-memory") return false;
    const { guard } = this.#options;
    // What is wrong now was perhaps seen before the process ended: then the step is taken already.
    const used_bytes = await guard.programBytes();
    const pressure: Pressure = { used_bytes, limit_bytes: guard.limitBytes, reason: "own-limit" };
    const steps = this.#ladder.descendToReload(this.#load?.plan.context_tokens ?? 0, performance.now());
    for (const step of steps) await this.#take(step, pressure);
    return steps.length > 0 && !this.#ladder.settings.refuses;
  }

  async #take(action: PressureAction, pressure: Pressure): Promise<void> {
    // What cannot be deleted stays where it is.
    if (action === "drop-saved-state") await this.#options.stateFile?.remove().catch(() => {});
    this.#waiting.push({ type: "memory-pressure", ...pressure, action });
    if (this.#waiting.length > MAX_WAITING_EVENTS) this.#waiting.shift();
  }
}

/** A library that is cut off ends its process with SIGBUS as it is loaded, and nobody is left there to say so. */
async function explainStart(error: unknown): Promise<unknown> {
  if (asEngineError(error).code !== "engine-crashed") return error;
  const { explainCrash } = await import("./check-llama-addon.js");
  return explainCrash(error);
}

function describeLimits(load: Load | null): string {
  if (load === null) return "not loaded";
  const parts = load.group === null ? [] : [load.group.description];
  if (load.dataLimit !== null) parts.push(describeDataLimit(load.dataLimit));
  else if (process.platform === "linux") parts.push("no RLIMIT_DATA, which only /bin/sh could set");
  return [...parts, "watched four times a second"].join("; ");
}

/** Names the share that Node only reserves for code: the kernel counts it as if it were used. */
function describeDataLimit({ bytes, reservedCodeBytes }: DataLimit): string {
  const share = `RLIMIT_DATA at ${Math.floor((bytes - reservedCodeBytes) / BYTES_PER_MB)} MB`;
  if (reservedCodeBytes === 0) return share;
  return `${share} beside the ${reservedCodeBytes / BYTES_PER_MB} MB that Node reserves for code`;
}

function refused(): EngineError {
  return new EngineError({
    code: "engine-out-of-memory",
    message: "There is not enough memory to answer at the moment, and nothing is left that could be given up.",
    hint: "Try again in a minute, end other programs, or choose a smaller model.",
  });
}
