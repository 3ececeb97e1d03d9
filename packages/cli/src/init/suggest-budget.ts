import { stat } from "node:fs/promises";
import { BYTES_PER_MB, type EdgeDevice } from "@nanoagent/models";
import { DeviceMemoryProbe, DeviceProfiler, LocalMachine, readCpuFeatures } from "@nanoagent/profiler";
import { checkMemoryBudget, checkModelFile } from "@nanoagent/runtime/program";

/** What an agent without a model may take, where the device has twice as much. */
const USUAL_MEMORY_MB = 256;
/** What the program needs by itself, with some room. */
const MIN_MEMORY_MB = 64;
/** The largest model file that an agent allows when nobody says otherwise. */
const USUAL_MODEL_SIZE_MB = 100;
/** Budgets are round numbers, and a little more than what is needed today. */
const MEMORY_STEP_MB = 16;

/** The device that an agent is written for, and how much of its memory an agent could have. */
export interface InitDevice {
  device: EdgeDevice;
  /** Its memory, or the limit that this program runs under where that is less. */
  usableMb: number;
}

/** What a new agent may take, and the largest model file that it allows. */
export interface AgentBudget {
  memoryMb: number;
  modelSizeMb: number;
}

export async function readInitDevice(): Promise<InitDevice> {
  const { details: _, ...device } = await new DeviceProfiler().profile();
  const { limit_bytes: limit } = await new DeviceMemoryProbe().read();
  const limitMb = limit === null ? device.memory_mb : Math.floor(limit / BYTES_PER_MB);
  return { device, usableMb: Math.max(1, Math.min(device.memory_mb, limitMb)) };
}

/**
 * The budget that suits a model, or none, on this device. With a model it is what a context of 4096 tokens takes, or as
 * much of it as the device has room for. Throws what is wrong with the model, and `does-not-fit`.
 */
export async function suggestBudget({ device, usableMb }: InitDevice, model: string | null): Promise<AgentBudget> {
  if (model === null) {
    const half = Math.max(MIN_MEMORY_MB, Math.floor(usableMb / 2));
    return { memoryMb: Math.min(USUAL_MEMORY_MB, half, usableMb), modelSizeMb: USUAL_MODEL_SIZE_MB };
  }
  const modelSizeMb = await modelSizeOf(model);
  const { planLocalModel } = await import("@nanoagent/runtime/engines/llama");
  const config = { spec: specWithin({ memoryMb: usableMb, modelSizeMb }), device, model_path: model };
  // What others take at the moment is no reason to give an agent less for good.
  const remote = {
    cpuFeatures: await readCpuFeatures(new LocalMachine()),
    measurement: null,
    availableBytes: usableMb * BYTES_PER_MB,
  };
  const { plan, budgetBytes } = await planLocalModel(config, { ownsProgram: true, remote });
  const programBytes = usableMb * BYTES_PER_MB - budgetBytes;
  const neededMb = (plan.ledger.peak_resident_bytes + programBytes) / BYTES_PER_MB;
  return { memoryMb: Math.min(usableMb, (Math.ceil(neededMb / MEMORY_STEP_MB) + 1) * MEMORY_STEP_MB), modelSizeMb };
}

/** Throws what would keep an agent with this budget from being loaded now. */
export async function checkBudget({ device }: InitDevice, model: string | null, budget: AgentBudget): Promise<void> {
  const spec = specWithin(budget);
  checkMemoryBudget({ spec, device });
  if (model === null) return;
  const { planLocalModel } = await import("@nanoagent/runtime/engines/llama");
  await planLocalModel({ spec, device, model_path: model }, { ownsProgram: true });
}

/** In whole MB; no less than what agents allow by default. Throws what is wrong with the file. */
async function modelSizeOf(model: string): Promise<number> {
  await checkModelFile(model, Number.POSITIVE_INFINITY, null);
  return Math.max(USUAL_MODEL_SIZE_MB, Math.ceil((await stat(model)).size / BYTES_PER_MB));
}

function specWithin({ memoryMb, modelSizeMb }: AgentBudget) {
  return { name: "agent", version: "0.1.0", capabilities: [], max_memory_mb: memoryMb, max_model_size_mb: modelSizeMb };
}
