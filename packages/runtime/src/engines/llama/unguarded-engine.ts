import type { FitPlan } from "@nanoagent/models";
import type { MemoryGuard } from "../../memory/memory-guard.js";
import type { EngineMemory } from "../../memory/memory-report.js";
import type { Engine, EngineEvent, EngineRequest } from "../engine.js";
import type { LlamaEngine } from "./llama-engine.js";

/**
 * A local model in the program's own process (`isolation: none`): admitted like any other, and nothing holds it to that
 * but what was computed. A fault of the native code ends the program.
 */
export class UnguardedEngine implements Engine {
  readonly name = "llama";
  readonly contextTokens: number;
  readonly callsTools: boolean;
  readonly notices = [
    "The model runs in this process: its memory is not enforced, and a native crash ends the program.",
  ];
  readonly #engine: LlamaEngine;
  readonly #guard: MemoryGuard;
  readonly #plan: FitPlan;

  constructor(engine: LlamaEngine, guard: MemoryGuard, plan: FitPlan) {
    this.#engine = engine;
    this.#guard = guard;
    this.#plan = plan;
    this.contextTokens = engine.contextTokens;
    this.callsTools = engine.callsTools;
  }

  generate(request: EngineRequest, options?: { signal?: AbortSignal | undefined }): AsyncIterable<EngineEvent> {
    return this.#engine.generate(request, options);
  }

  countTokens(text: string): number {
    return this.#engine.countTokens(text);
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
