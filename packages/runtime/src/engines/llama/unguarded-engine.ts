import type { FitPlan } from "@nanoagent/models";
import type { MemoryGuard } from "../../memory/memory-guard.js";
import type { EngineMemory } from "../../memory/memory-report.js";
import type { Engine, EngineEvent, EngineRequest } from "../engine.js";
import { type EngineFacts, EngineWithFacts, factsOf } from "../engine-facts.js";
import type { LlamaEngine } from "./llama-engine.js";

const IN_THIS_PROCESS =
  "The model runs in this process: its memory is not enforced, and a native crash ends the program.";

/**
 * A local model in the program's own process (`isolation: none`): admitted like any other, and nothing holds it to that
 * but what was computed. A fault of the native code ends the program.
 */
export class UnguardedEngine extends EngineWithFacts implements Engine {
  readonly facts: EngineFacts;
  readonly #engine: LlamaEngine;
  readonly #guard: MemoryGuard;
  readonly #plan: FitPlan;

  constructor(engine: LlamaEngine, guard: MemoryGuard, plan: FitPlan) {
    super();
    this.#engine = engine;
    this.#guard = guard;
    this.#plan = plan;
    this.facts = { ...factsOf(engine), notices: [...(engine.notices ?? []), IN_THIS_PROCESS] };
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
