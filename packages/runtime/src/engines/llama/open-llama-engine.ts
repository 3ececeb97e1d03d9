import type { FitPlan, MemoryProbe, NanoAgentConfig } from "@nanoagent/models";
import { importPeer } from "../../node/missing-peer-error.js";
import type { Engine } from "../engine.js";
import { HostedEngine, type HostLimits } from "../host/hosted-engine.js";
import type { EngineParts } from "../open-engine.js";
import { LlamaEngine, type LlamaEngineOptions } from "./llama-engine.js";

const BYTES_PER_MB = 2 ** 20;

/** What the program that embeds the runtime adds itself, over months: the history, its buffers, the channel to the host. */
const EMBEDDING_PROCESS_BYTES = 16 * BYTES_PER_MB;
/** The limit on the host stands so far above what the ledger says it reserves: allocators round up, and Node breathes. */
const LIMIT_MARGIN_SHARE = 0.25;
const LIMIT_MARGIN_BYTES = 48 * BYTES_PER_MB;
const DEFAULT_IDLE_UNLOAD_SECONDS = 300;

/**
 * Opens the model of a config within its memory budget. The header of the file decides before anything is allocated: what
 * does not fit is refused with the sum (code `does-not-fit`). The system is given a limit for the host that follows from
 * the same sum.
 */
export async function openLlamaEngine(
  config: NanoAgentConfig & { model_path: string },
  { planner, memory, hostFile, onLoadProgress }: EngineParts = {},
): Promise<Engine> {
  const purpose = "Running a local model";
  const optimizer = await importPeer("@nanoagent/optimizer", purpose, () => import("@nanoagent/optimizer"));
  const profiler = await importPeer("@nanoagent/profiler", purpose, () => import("@nanoagent/profiler"));
  const header = await optimizer.readGguf(config.model_path);
  const plan = await (planner ?? new optimizer.ModelFitPlanner()).planFit({
    model_path: config.model_path,
    device: config.device,
    budget_bytes: await engineBudget(config, memory ?? new profiler.DeviceMemoryProbe()),
    context_tokens: config.engine?.context ?? "auto",
    cpu_features: await profiler.readCpuFeatures(new profiler.LocalMachine()),
  });
  const engine: LlamaEngineOptions = {
    modelPath: plan.model_path,
    contextTokens: plan.context_tokens,
    batchTokens: plan.batch_tokens,
    prefillThreads: plan.prefill_threads,
    decodeThreads: plan.decode_threads,
    mapsFile: plan.maps_file,
    kvType: plan.kv_type === "q8_0" ? "q8_0" : "f16",
    chatTemplate: header.tokenizer.chat_template,
  };
  if (config.engine?.isolation === "none") return LlamaEngine.open(engine, onLoadProgress);
  return HostedEngine.open({
    source: { kind: "llama", options: engine },
    hostFile,
    limits: limitsFor(plan),
    idleUnloadSeconds: config.engine?.idle_unload_seconds ?? DEFAULT_IDLE_UNLOAD_SECONDS,
    onProgress: onLoadProgress,
  });
}

/** What is left of the agent's budget for the engine: never more than there is, less what the program itself takes. */
async function engineBudget({ spec, device }: NanoAgentConfig, memory: MemoryProbe): Promise<number> {
  const { available_bytes: available } = await memory.read();
  const declared = Math.min(spec.max_memory_mb, device.memory_mb) * BYTES_PER_MB;
  return Math.max(0, Math.min(declared, available) - EMBEDDING_PROCESS_BYTES);
}

function limitsFor({ ledger }: FitPlan): HostLimits {
  return { dataBytes: Math.ceil(ledger.peak_reserved_bytes * (1 + LIMIT_MARGIN_SHARE) + LIMIT_MARGIN_BYTES) };
}
