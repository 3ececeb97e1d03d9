import type { NanoAgentError, PressureAction } from "@nanoagent/models";
import type { EngineCgroup } from "../../memory/engine-cgroup.js";
import type { Pressure } from "../../memory/memory-guard.js";
import type { EngineMemory, MemoryEnforcement, MemoryPressureEvent } from "../../memory/memory-report.js";
import { PressureLadder } from "../../memory/pressure-ladder.js";
import type { ModelBudget } from "../../memory/program-share.js";
import { messageOf } from "../../message-of.js";
import { readDataLimit } from "../../processes/process-limits.js";
import type { ContextGrowthEvent, Engine, EngineEvent, EngineRequest } from "../engine.js";
import { asEngineError, EngineError } from "../engine-error.js";
import { type EngineFacts, EngineWithFacts } from "../engine-facts.js";
import type { ChosenEngine, HostStart } from "../host/host-start.js";
import { HostedEngine } from "../host/hosted-engine.js";
import type { RunningHost } from "../host/running-host.js";
import { ContextGrowth } from "./context-growth.js";
import { type DataLimit, dataLimitFor, describeLimits } from "./engine-limits.js";
import type { GuardedEngineOptions, PlannedModel } from "./guarded-engine-options.js";
import { explainStart, refused } from "./start-failures.js";

/** Attempts per message, each with a smaller model configuration than the last. */
const MAX_ATTEMPTS = 6;
/** Most events between two messages to keep for the next one. Older ones are dropped. */
const MAX_WAITING_EVENTS = 16;

/** One load of the model: its plan and the limits of its process. */
interface Load extends PlannedModel {
  group: EngineCgroup | null;
  /** RLIMIT_DATA in force, or null if the system cannot set it. */
  dataLimit: DataLimit | null;
  enforcement: MemoryEnforcement;
  /** Whether it was planned smaller because memory was short. */
  isReduced: boolean;
  /** Resolves when `group` and `enforcement` reflect the limits that apply to the started process. */
  isGroupChecked: Promise<void>;
}

/**
 * A local model within a memory budget. Each start of its process is planned again from the file's header and the free
 * memory at that time, and the plan sets the limits of the process. If memory still runs short, the engine gives up one
 * thing after another. It restarts a pending reply if none of it was sent yet, but only once after a crash.
 */
export class GuardedEngine extends EngineWithFacts implements Engine {
  readonly #options: GuardedEngineOptions;
  readonly #ladder = new PressureLadder();
  readonly #growth = new ContextGrowth();
  readonly #waiting: (MemoryPressureEvent | ContextGrowthEvent)[] = [];
  #hosted: HostedEngine | null = null;
  #host: RunningHost | null = null;
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
          nodeFile: options.nodeFile,
          idleUnloadSeconds: options.idleUnloadSeconds,
          onIdleUnload: () => engine.#growth.forget(),
          onProgress: options.onLoadProgress,
          onHost: (host) => engine.#watch(host),
        });
        return engine;
      } catch (error) {
        if (attempt < MAX_ATTEMPTS && (await engine.#makeSmaller(asEngineError(error)))) continue;
        await options.guard.close();
        throw await explainStart(asEngineError(error));
      }
    }
  }

  /** Facts of the process, with the usable length of its context and the notices of this side. */
  get facts(): EngineFacts {
    const facts = this.#hosted?.facts ?? { name: "llama", contextTokens: this.#load?.plan.context_tokens ?? null };
    const { notices = [] } = facts;
    const { plan, baseTokens = 0, longestTokens = 0 } = this.#load ?? {};
    const model = plan?.model;
    const isShortAgain = plan !== undefined && this.#growth.wantedTokens === null && plan.context_tokens > baseTokens;
    const whole = Math.min(facts.contextTokens ?? 0, isShortAgain ? baseTokens : Number.POSITIVE_INFINITY);
    const mayGrow = this.#ladder.step === null && longestTokens > whole && this.#growth.isOpen;
    return {
      ...facts,
      trainedTokens: facts.trainedTokens ?? model?.training_context_tokens ?? null,
      parameters: facts.parameters ?? model?.parameter_count ?? null,
      contextTokens: facts.contextTokens === null ? null : Math.floor(whole * this.#ladder.settings.windowShare),
      longestContextTokens: mayGrow ? longestTokens : null,
      notices: [...notices, ...this.#options.notices],
    };
  }

  async *generate(
    request: EngineRequest,
    options: { signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<EngineEvent> {
    for (let attempt = 1; ; attempt++) {
      await this.#heedCutLimit();
      yield* this.#waiting.splice(0);
      if (this.#refuses()) {
        yield { type: "error", error: refused() };
        return;
      }
      let failure: NanoAgentError | null = null;
      let hasSpoken = false;
      for await (const event of this.#requireHosted().generate(request, options)) {
        yield* this.#waiting.splice(0);
        if (event.type === "error") {
          failure = event.error;
          break;
        }
        hasSpoken ||= event.type === "text-delta" || event.type === "reasoning-delta" || event.type === "tool-call";
        yield event;
      }
      if (failure === null) return;
      const again = !hasSpoken && attempt < MAX_ATTEMPTS && (await this.#mayRetry(failure, attempt));
      yield* this.#waiting.splice(0);
      if (again) continue;
      yield { type: "error", error: failure };
      return;
    }
  }

  async growContext(tokens: number): Promise<void> {
    if (this.#ladder.step !== null) return;
    const hosted = this.#requireHosted();
    const load = this.#load;
    const contextTokens = () => this.contextTokens ?? 0;
    const grown = await this.#growth.grow(tokens, {
      get contextTokens() {
        return contextTokens();
      },
      longestTokens: load?.longestTokens ?? 0,
      admits: async (wanted) => {
        const { guard, planModel } = this.#options;
        const budget = await guard.admit(this.#host?.ended === false ? this.#host.processId : null);
        return (await planModel(budget, this.#ladder.settings, wanted)).plan.context_tokens;
      },
      reopen: async () => {
        await hosted.idle();
        await hosted.unload();
        await hosted.countTokensOfAll([]);
      },
    });
    if (grown !== null) this.#tell({ type: "context-growth", ...grown });
  }

  async countTokens(text: string): Promise<number> {
    const [tokens = 0] = await this.countTokensOfAll([text]);
    return tokens;
  }

  countTokensOfAll(texts: readonly string[]): Promise<number[]> {
    return this.#ask((hosted) => hosted.countTokensOfAll(texts));
  }

  embed(texts: readonly string[], options?: { signal?: AbortSignal | undefined }): Promise<number[][]> {
    return this.#ask((hosted) => hosted.embed(texts, options));
  }

  async #ask<Answer>(question: (hosted: HostedEngine) => Promise<Answer>): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      if (this.#refuses()) throw refused();
      try {
        return await question(this.#requireHosted());
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
    await this.#load?.isGroupChecked;
    const host = this.#host?.ended === false ? this.#host : null;
    return {
      limit_bytes: this.#load?.group?.limitBytes ?? guard.limitBytes,
      enforcement: this.#load?.enforcement ?? "watch",
      enforcement_detail: describeLimits(this.#load),
      process: host?.processId == null ? null : await guard.processMemory(host.processId),
      plan: this.#load?.plan ?? null,
      is_loaded: host !== null,
      pressure: this.#ladder.step,
      respawns: this.#hosted?.respawns ?? 0,
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

  /** Nothing watches memory while no process runs, so time alone ends a refusal. */
  #refuses(): boolean {
    if (this.#host?.ended !== false) this.#ladder.rest(performance.now());
    return this.#ladder.settings.refuses;
  }

  /**
   * Prepares a start of the process within the memory that is free now. Its limits depend only on that memory, so it
   * starts while the model is planned. No weights are loaded before the plan is made and reserved.
   */
  async #prepare(): Promise<HostStart> {
    this.#ladder.rest(performance.now());
    const { guard, createGroup, modelPath } = this.#options;
    const budget = await guard.admit();
    const group = await createGroup(budget.budgetBytes);
    return {
      source: () => this.#plan(budget, group),
      limits: { dataBytes: dataLimitFor(budget.budgetBytes), group: group ?? undefined, modelPath, loadsLibrary: true },
    };
  }

  async #plan(budget: ModelBudget, group: EngineCgroup | null): Promise<ChosenEngine> {
    const { guard, planModel, stateFile } = this.#options;
    const { settings } = this.#ladder;
    const plan = () => planModel(budget, settings, this.#growth.wantedTokens);
    let planned = await plan();
    const saved = this.#load === null ? await stateFile?.savedLength() : null;
    if (saved && saved.tokens > planned.plan.context_tokens && planned.longestTokens > planned.baseTokens) {
      this.#growth.want(saved.contextTokens);
      planned = await plan();
    }
    const { ledger } = planned.plan;
    await guard.hold(ledger.peak_resident_bytes, null);
    this.#load = {
      ...planned,
      group,
      dataLimit: null,
      enforcement: "watch",
      isReduced: settings.contextTokens !== null || settings.batchTokens !== null,
      isGroupChecked: Promise.resolve(),
    };
    const options = { ...planned.options, stateFile: stateFile?.path ?? null };
    // A small model reserves more than it uses.
    return { source: { kind: "llama", options }, dataBytes: dataLimitFor(ledger.peak_reserved_bytes) };
  }

  #watch(host: RunningHost): void {
    const { guard } = this.#options;
    const { processId } = host;
    const load = this.#load;
    this.#host = host;
    if (processId === null || load === null) return;
    const bytes = readDataLimit(processId);
    load.dataLimit = bytes === null ? null : { bytes, reservedCodeBytes: host.reservedCodeBytes };
    load.enforcement = bytes === null ? "watch" : "rlimit-data";
    load.isGroupChecked = this.#runBeside("Cannot read the cgroup of the engine's process", async () => {
      if (await load.group?.holds(processId)) load.enforcement = load.group?.version === 2 ? "cgroup-v2" : "cgroup-v1";
      else load.group = null;
    });
    void this.#runBeside("Cannot reserve the engine's memory", () =>
      guard.hold(load.plan.ledger.peak_resident_bytes, processId),
    );
    void this.#runBeside("Cannot observe the end of the engine's process", async () => {
      await host.whenEnded;
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

  /** Runs background work. Never rejects: a failure becomes a notice. */
  async #runBeside(failure: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#options.onNotice(`${failure}: ${messageOf(error)}.`);
    }
  }

  async #look(host: RunningHost, pressure: Pressure | null): Promise<void> {
    if (host.ended) return;
    if (pressure === null) {
      this.#ladder.rest(performance.now());
      return this.#restoreSize(host);
    }
    const tokens = this.#load?.plan.context_tokens ?? 0;
    // Paging or exceeding the budget stops the engine. If only the device is short, the reply may finish first.
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

  /** Loads a model that was made smaller as it was before, once memory is free again and nobody waits for a reply. */
  async #restoreSize(host: RunningHost): Promise<void> {
    const [hosted, load] = [this.#hosted, this.#load];
    if (this.#ladder.step !== null || !load?.isReduced || hosted === null || hosted.isBusy) return;
    const { guard, planModel } = this.#options;
    const budget = await guard.admit(host.processId);
    const { plan } = await planModel(budget, this.#ladder.settings, this.#growth.wantedTokens);
    if (hosted.isBusy || host.ended) return;
    load.isReduced = false;
    const previous_tokens = load.plan.context_tokens;
    if (plan.context_tokens <= previous_tokens && plan.batch_tokens <= load.plan.batch_tokens) return;
    await hosted.unload();
    await hosted.countTokensOfAll([]);
    const context_tokens = this.#load?.plan.context_tokens ?? previous_tokens;
    if (context_tokens > previous_tokens) this.#tell({ type: "context-growth", context_tokens, previous_tokens });
  }

  /** Unloads a model that exceeds a lowered limit, so that it is loaded smaller. */
  async #heedCutLimit(): Promise<void> {
    const host = this.#host;
    if (host === null || host.ended || host.isBusy) return;
    const pressure = await this.#options.guard.cutLimit();
    if (pressure === null) return;
    for (const step of this.#descendToReload()) await this.#take(step, pressure);
    await this.#hosted?.unload();
  }

  #descendToReload(): PressureAction[] {
    return this.#ladder.descendToReload(this.#load?.plan.context_tokens ?? 0, performance.now());
  }

  /** Whether to retry: once after a crash, smaller after running out of memory, or with a longer context. */
  async #mayRetry(error: NanoAgentError, attempt: number): Promise<boolean> {
    if (error.code === "context-exceeded") {
      const before = this.contextTokens ?? 0;
      await this.growContext(before + 1);
      return (this.contextTokens ?? 0) > before;
    }
    return error.code === "engine-crashed" ? attempt === 1 : this.#makeSmaller(error);
  }

  /** Makes the next start smaller after memory ran out. Returns false if nothing is left to give up. */
  async #makeSmaller(error: NanoAgentError): Promise<boolean> {
    if (error.code !== "engine-out-of-memory") return false;
    const { guard } = this.#options;
    const used_bytes = await guard.usedBytes();
    const pressure: Pressure = { used_bytes, limit_bytes: guard.limitBytes, reason: "own-limit" };
    const steps = this.#descendToReload();
    for (const step of steps) await this.#take(step, pressure);
    return steps.length > 0 && !this.#ladder.settings.refuses;
  }

  async #take(action: PressureAction, pressure: Pressure): Promise<void> {
    // A state that cannot be deleted stays.
    if (action === "drop-saved-state") await this.#options.stateFile?.remove().catch(() => {});
    const { contextTokens } = this.#ladder.settings;
    if (contextTokens !== null) this.#growth.cut(contextTokens);
    this.#tell({ type: "memory-pressure", ...pressure, action });
  }

  #tell(event: MemoryPressureEvent | ContextGrowthEvent): void {
    this.#waiting.push(event);
    if (this.#waiting.length > MAX_WAITING_EVENTS) this.#waiting.shift();
  }
}
