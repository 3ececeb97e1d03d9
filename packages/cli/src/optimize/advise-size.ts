import type { EdgeDevice, FitPlan } from "@nanoagent/models";
import { ModelOptimizer, type Quantization, quantizeHeader } from "@nanoagent/optimizer";
import { formatFields } from "../output/format.js";
import type { FoundModels } from "./find-models.js";
import type { PlanningDevice } from "./planning-device.js";

const BYTES_PER_MB = 2 ** 20;
/** A model that cannot be looked at is taken to be so many times as large as its target. */
const ASSUMED_MODEL_TO_TARGET = 2;
/** The type of GGUF files for each tier: its real size is said where the header can be read. */
const TYPE_OF_TIER: Readonly<Record<Quantization, string | null>> = {
  none: null,
  int8: "q8_0",
  int4: "q4_k",
  int2: "q2_k",
};

export interface SizeAdvice {
  model_path: string;
  model_size_mb: number;
  model_size_is_estimate: boolean;
  target_mb: number;
  quantization: Quantization;
  bits: number;
  expected_size_mb: number;
  notes: string;
  fits_target: boolean;
  latency_ms: number;
  device: EdgeDevice;
}

/** How to bring a model to a size: by its header where that can be read, by its size alone where it cannot. */
export function adviseSize(options: {
  found: FoundModels;
  targetMb: number;
  device: PlanningDevice;
  plans: readonly FitPlan[];
}): SizeAdvice {
  const { found, targetMb, device, plans } = options;
  const largestBytes = found.largestBytes ?? targetMb * ASSUMED_MODEL_TO_TARGET * BYTES_PER_MB;
  const modelSizeMb = largestBytes / BYTES_PER_MB;
  const optimizer = new ModelOptimizer();
  const advice = optimizer.quantizeConfig(modelSizeMb, targetMb);
  const header = found.headers.find(({ file_bytes }) => file_bytes === largestBytes);
  const type = TYPE_OF_TIER[advice.quantization];
  const expectedSizeMb =
    header === undefined || type === null
      ? advice.expected_size_mb
      : quantizeHeader(header, type).file_bytes / BYTES_PER_MB;
  const asItIs = plans.find(({ model_path, quantize_to }) => model_path === header?.path && quantize_to === null);
  const rate = asItIs?.forecast?.decode_at_start.expected;
  return {
    model_path: found.path,
    model_size_mb: modelSizeMb,
    model_size_is_estimate: found.largestBytes === null,
    target_mb: targetMb,
    ...advice,
    expected_size_mb: expectedSizeMb,
    fits_target: expectedSizeMb <= targetMb,
    latency_ms: rate === undefined ? optimizer.estimateLatency(modelSizeMb, device.device) : 1000 / rate,
    device: device.device,
  };
}

export function formatAdvice(advice: SizeAdvice): string {
  return formatFields(17, {
    "Model size": `${advice.model_size_mb.toFixed(1)} MB`,
    "Target size": `${advice.target_mb.toFixed(1)} MB`,
    Quantization: advice.quantization,
    Bits: String(advice.bits),
    "Est. size after": `${advice.expected_size_mb.toFixed(1)} MB`,
    "Est. latency": `${advice.latency_ms.toFixed(1)} ms`,
    Notes: advice.notes,
  });
}
