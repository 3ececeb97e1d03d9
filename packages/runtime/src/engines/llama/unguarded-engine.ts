import type { MemoryLedger } from "@nanoagent/models";
import type { MemoryGuard } from "../../memory/memory-guard.js";
import type { EngineMemory } from "../../memory/memory-report.js";
import type { ModelBudget } from "../../memory/program-share.js";
import type { ContextGrowthEvent, Engine, EngineEvent, EngineRequest } from "../engine.js";
import { asEngineError } from "../engine-error.js";
import { type EngineFacts, EngineWithFacts, factsOf } from "../engine-facts.js";
import { ContextGrowth } from "./context-growth.js";
import type { PlannedModel } from "./guarded-engine-options.js";
import type { LlamaEngine } from "./llama-engine.js";

const IN_THIS_PROCESS =
  "The model runs in this process: its memory limit is not enforced, and a native crash ends the program.";

export interface UnguardedEngineOptions {
  guard: MemoryGuard;
  /** Plans the model within a budget, with the context that conversations need. Throws if it does not fit. */
  planModel(budget: ModelBudget, wantedTokens: number | null): Promise<PlannedModel>;
  onLoadProgress?: ((share: number) => void) | undefined;
  /** Notices from while the engine is open. */
  notices: readonly string[];
}

/**
 * A local model in the program's own process (`isolation: none`). Admission and reservation work as usual, but only the
 * plan keeps the model within its budget. A native crash ends the program.
 */
export class UnguardedEngine extends EngineWithFacts implements Engine {
  readonly #engine: LlamaEngine;
  readonly #options: UnguardedEngineOptions;
  readonly #growth = new ContextGrowth();
  #planned: PlannedModel;
  /** Growths that were not reported yet. */
  readonly #growths: ContextGrowthEvent[] = [];

  private constructor(engine: LlamaEngine, planned: PlannedModel, options: UnguardedEngineOptions) {
    super();
    this.#engine = engine;
    this.#planned = planned;
    this.#options = options;
  }

  /** Plans, reserves and loads the model. On failure, closes the guard and with it the reservation. */
  static async open(options: UnguardedEngineOptions): Promise<UnguardedEngine> {
    const { guard, planModel, onLoadProgress } = options;
    try {
      const planned = await planModel(await guard.admit(), null);
      await guard.holdInProgram(planned.plan.ledger.peak_resident_bytes);
      // Imported only here, because otherwise the engine runs in a separate process.
      const { LlamaEngine } = await import("./llama-engine.js");
      return new UnguardedEngine(await LlamaEngine.open(planned.options, onLoadProgress), planned, options);
    } catch (error) {
      await guard.close();
      throw error;
    }
  }

  get facts(): EngineFacts {
    const facts = factsOf(this.#engine);
    const { plan, longestTokens } = this.#planned;
    const { training_context_tokens, parameter_count } = plan.model;
    const trainedTokens = facts.trainedTokens ?? training_context_tokens;
    const parameters = facts.parameters ?? parameter_count;
    return {
      ...facts,
      trainedTokens,
      parameters,
      longestContextTokens: this.#growth.isOpen && longestTokens > this.#engine.contextTokens ? longestTokens : null,
      notices: [...(facts.notices ?? []), IN_THIS_PROCESS, ...this.#options.notices],
    };
  }

  async *generate(request: EngineRequest, options?: { signal?: AbortSignal | undefined }): AsyncGenerator<EngineEvent> {
    yield* this.#growths.splice(0);
    yield* this.#engine.generate(request, options);
  }

  async growContext(tokens: number): Promise<void> {
    const { guard, planModel } = this.#options;
    const engine = this.#engine;
    const before = this.#planned;
    let planned = before;
    const { longestTokens } = before;
    const grown = await this.#growth.grow(tokens, {
      get contextTokens() {
        return engine.contextTokens;
      },
      longestTokens,
      admits: async (wanted) => {
        // The model's memory counts as used, and stays when only the context is recreated.
        const held = pinnedBytes(before.plan.ledger);
        const { budgetBytes, spareBytes, ...budget } = await guard.admit();
        const within = { ...budget, budgetBytes: budgetBytes + held, spareBytes: spareBytes + held };
        planned = await planModel(within, wanted);
        const { kv_type, batch_tokens, context_tokens } = planned.plan;
        const isAlike = kv_type === before.plan.kv_type && batch_tokens === before.plan.batch_tokens;
        return isAlike ? context_tokens : 0;
      },
      reopen: async () => {
        const { ledger, context_tokens } = planned.plan;
        await guard.holdInProgram(ledger.peak_resident_bytes - pinnedBytes(before.plan.ledger));
        await engine.resize(context_tokens);
        this.#planned = planned;
      },
    });
    if (grown !== null) this.#growths.push({ type: "context-growth", ...grown });
  }

  countTokens(text: string): number {
    return this.#engine.countTokens(text);
  }

  countTokensOfAll(texts: readonly string[]): Promise<number[]> {
    return this.#engine.countTokensOfAll(texts);
  }

  async embed(texts: readonly string[], options?: { signal?: AbortSignal | undefined }): Promise<number[][]> {
    for (;;) {
      const { contextTokens } = this.#engine;
      try {
        return await this.#engine.embed(texts, options);
      } catch (error) {
        if (asEngineError(error).code !== "context-exceeded") throw error;
        await this.growContext(contextTokens + 1);
        if (this.#engine.contextTokens <= contextTokens) throw error;
      }
    }
  }

  async memory(): Promise<EngineMemory> {
    return {
      limit_bytes: this.#options.guard.limitBytes,
      enforcement: "none",
      enforcement_detail: "the model runs in the program's own process",
      process: null,
      plan: this.#planned.plan,
      is_loaded: true,
      pressure: null,
    };
  }

  async close(): Promise<void> {
    await this.#engine.close();
    await this.#options.guard.close();
  }
}

/** Memory that a loaded model holds permanently, in bytes. */
function pinnedBytes({ lines }: MemoryLedger): number {
  return lines.reduce((sum, { kind, resident_bytes }) => sum + (kind === "pinned" ? resident_bytes : 0), 0);
}
