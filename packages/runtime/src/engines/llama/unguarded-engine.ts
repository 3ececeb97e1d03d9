import type { FitPlan } from "@nanoagent/models";
import type { MemoryGuard } from "../../memory/memory-guard.js";
import type { EngineMemory } from "../../memory/memory-report.js";
import type { ModelBudget } from "../../memory/program-share.js";
import type { Engine, EngineEvent, EngineRequest } from "../engine.js";
import { type EngineFacts, EngineWithFacts, factsOf } from "../engine-facts.js";
import type { PlannedModel } from "./guarded-engine.js";
import type { LlamaEngine } from "./llama-engine.js";

const IN_THIS_PROCESS =
  "The model runs in this process: its memory is not enforced, and a native crash ends the program.";

export interface UnguardedEngineOptions {
  guard: MemoryGuard;
  /** Plans the model within a budget. Throws when it does not fit. */
  planModel(budget: ModelBudget): Promise<PlannedModel>;
  onLoadProgress?: ((share: number) => void) | undefined;
  /** Sentences for people that come while the engine is open. */
  notices: readonly string[];
}

/**
 * A local model in the program's own process (`isolation: none`). It is admitted and reserved like any other, and only its
 * plan keeps it within that. A fault of the native code ends the program.
 */
export class UnguardedEngine extends EngineWithFacts implements Engine {
  readonly #engine: LlamaEngine;
  readonly #guard: MemoryGuard;
  readonly #plan: FitPlan;
  readonly #notices: readonly string[];

  private constructor(
    engine: LlamaEngine,
    plan: FitPlan,
    { guard, notices }: Pick<UnguardedEngineOptions, "guard" | "notices">,
  ) {
    super();
    this.#engine = engine;
    this.#guard = guard;
    this.#plan = plan;
    this.#notices = notices;
  }

  /** Plans, reserves and loads the model. Closes the guard, and with it the reservation, when that fails. */
  static async open(options: UnguardedEngineOptions): Promise<UnguardedEngine> {
    const { guard, planModel, onLoadProgress } = options;
    try {
      const { plan, options: load } = await planModel(await guard.admit());
      await guard.holdInProgram(plan.ledger.peak_resident_bytes);
      // Not in this program otherwise: the engine's process has its own.
      const { LlamaEngine } = await import("./llama-engine.js");
      return new UnguardedEngine(await LlamaEngine.open(load, onLoadProgress), plan, options);
    } catch (error) {
      await guard.close();
      throw error;
    }
  }

  get facts(): EngineFacts {
    const facts = factsOf(this.#engine);
    const { training_context_tokens, parameter_count } = this.#plan.model;
    const trainedTokens = facts.trainedTokens ?? training_context_tokens;
    const parameters = facts.parameters ?? parameter_count;
    return {
      ...facts,
      trainedTokens,
      parameters,
      notices: [...(facts.notices ?? []), IN_THIS_PROCESS, ...this.#notices],
    };
  }

  generate(request: EngineRequest, options?: { signal?: AbortSignal | undefined }): AsyncIterable<EngineEvent> {
    return this.#engine.generate(request, options);
  }

  countTokens(text: string): number {
    return this.#engine.countTokens(text);
  }

  countTokensOfAll(texts: readonly string[]): Promise<number[]> {
    return this.#engine.countTokensOfAll(texts);
  }

  embed(texts: readonly string[], options?: { signal?: AbortSignal | undefined }): Promise<number[][]> {
    return this.#engine.embed(texts, options);
  }

  async memory(): Promise<EngineMemory> {
    return {
      limit_bytes: this.#guard.limitBytes,
      enforcement: "none",
      enforcement_detail: "the model runs in the program's own process",
      process: null,
      plan: this.#plan,
      is_loaded: true,
      pressure: null,
    };
  }

  async close(): Promise<void> {
    await this.#engine.close();
    await this.#guard.close();
  }
}
