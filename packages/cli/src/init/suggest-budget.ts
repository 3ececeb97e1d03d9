import { stat } from "node:fs/promises";
import { BYTES_PER_MB, type EdgeDevice } from "@nanoagent/models";
import { DeviceMemoryProbe, DeviceProfiler, LocalMachine, readCpuFeatures } from "@nanoagent/profiler";
import { checkMemoryBudget, checkModelFile } from "@nanoagent/runtime/program";

/** Budget of an agent without a model, if the device has twice as much. */
const USUAL_MEMORY_MB = 256;
/** Memory that the program itself needs, with some room. */
const MIN_MEMORY_MB = 64;
/** Default of the largest model file that an agent loads. */
const USUAL_MODEL_SIZE_MB = 100;
/** Budgets are rounded up to a multiple of this, plus one step of room. */
const MEMORY_STEP_MB = 16;

/** Device that a config is written for, and the memory that an agent can use there. */
export interface InitDevice {
  device: EdgeDevice;
  /** The device's memory, or the memory limit of this program if that is less. */
  usableMb: number;
}

/** Memory budget of a new agent, and the largest model file that it loads. */
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
 * Returns a suitable budget for this device. With a model, it has room for a context of 4096 tokens, or for the longest
 * shorter one that fits the device. Throws for an unusable model, and `does-not-fit`.
 */
export async function suggestBudget({ device, usableMb }: InitDevice, model: string | null): Promise<AgentBudget> {
  if (model === null) {
    const half = Math.max(MIN_MEMORY_MB, Math.floor(usableMb / 2));
    return { memoryMb: Math.min(USUAL_MEMORY_MB, half, usableMb), modelSizeMb: USUAL_MODEL_SIZE_MB };
  }
  const modelSizeMb = await modelSizeOf(model);
  const { planLocalModel } = await import("@nanoagent/runtime/engines/llama");
  const config = { spec: specWithin({ memoryMb: usableMb, modelSizeMb }), device, model_path: model };
  // The memory that other programs use at the moment must not reduce the budget permanently.
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

/** Throws the error with which loading an agent with this budget would fail now. */
export async function checkBudget({ device }: InitDevice, model: string | null, budget: AgentBudget): Promise<void> {
  const spec = specWithin(budget);
  checkMemoryBudget({ spec, device });
  if (model === null) return;
  const { planLocalModel } = await import("@nanoagent/runtime/engines/llama");
  await planLocalModel({ spec, device, model_path: model }, { ownsProgram: true });
}

/** Returns the model's size in whole MB, at least the default limit. Throws for an unusable file. */
async function modelSizeOf(model: string): Promise<number> {
  await checkModelFile(model, Number.POSITIVE_INFINITY, null);
  return Math.max(USUAL_MODEL_SIZE_MB, Math.ceil((await stat(model)).size / BYTES_PER_MB));
}

function specWithin({ memoryMb, modelSizeMb }: AgentBudget) {
  return { name: "agent", version: "0.1.0", capabilities: [], max_memory_mb: memoryMb, max_model_size_mb: modelSizeMb };
}
