import { BYTES_PER_MB, type EdgeDevice, type FitPlan } from "@nanoagent/models";
import {
  type GgufHeader,
  ModelOptimizer,
  type Quantization,
  type QuantizationAdvice,
  quantizeHeader,
} from "@nanoagent/optimizer";
import { formatFields } from "../output/format.js";
import { plainLine } from "../output/plain-text.js";
import type { FoundModels } from "./find-models.js";
import type { PlanningDevice } from "./planning-device.js";

const UNQUANTIZED_BITS = 32;
/** Assumed size of a model that does not exist, as a multiple of the target size. */
const ASSUMED_MODEL_TO_TARGET = 2;
/** GGUF type of each tier, best first. With a readable header, sizes are computed for it. */
const TIERS = [
  { quantization: "none", bits: UNQUANTIZED_BITS, type: null },
  { quantization: "int8", bits: 8, type: "q8_0" },
  { quantization: "int4", bits: 4, type: "q4_k" },
  { quantization: "int2", bits: 2, type: "q2_k" },
] as const satisfies readonly { quantization: Quantization; bits: number; type: string | null }[];
/** Effect on the answers. */
const CONSEQUENCES: Readonly<Record<Quantization, string>> = {
  none: "",
  int8: "The answers stay almost the same.",
  int4: "Answers get somewhat worse: try it with your own questions.",
  int2: "Answers get clearly worse.",
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

/** Recommends a quantization that reaches a target size: from the header, or from the file size if it is unreadable. */
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
  const header = found.headers.find(({ file_bytes }) => file_bytes === largestBytes);
  const advice =
    header === undefined ? optimizer.quantizeConfig(modelSizeMb, targetMb) : adviseByHeader(header, targetMb);
  const asItIs = plans.find(({ model_path, quantize_to }) => model_path === header?.path && quantize_to === null);
  const rate = asItIs?.forecast?.decode_at_start.expected;
  return {
    model_path: found.path,
    model_size_mb: modelSizeMb,
    model_size_is_estimate: found.largestBytes === null,
    target_mb: targetMb,
    ...advice,
    latency_ms: rate === undefined ? optimizer.estimateLatency(modelSizeMb, device.device) : 1000 / rate,
    device: device.device,
  };
}

/** Returns the best tier in which this file is within the target, with its exact size; otherwise the smallest. */
function adviseByHeader(header: GgufHeader, targetMb: number): QuantizationAdvice {
  const sized = TIERS.map((tier) => {
    const bytes = tier.type === null ? header.file_bytes : quantizeHeader(header, tier.type).file_bytes;
    return { ...tier, expected_size_mb: bytes / BYTES_PER_MB };
  });
  const smallest = sized.reduce((least, tier) => (tier.expected_size_mb < least.expected_size_mb ? tier : least));
  const { quantization, bits, type, expected_size_mb } =
    sized.find((tier) => tier.expected_size_mb <= targetMb) ?? smallest;
  const fits_target = expected_size_mb <= targetMb;
  const sentences: string[] = [];
  if (type === null && fits_target) sentences.push("The model is already within the target.");
  else if (type === null) sentences.push("The file already has few bits per weight: no type makes it smaller.");
  else sentences.push(`In ${type} the file takes ${expected_size_mb.toFixed(1)} MB.`, CONSEQUENCES[quantization]);
  if (!fits_target) {
    const missing = (expected_size_mb - targetMb).toFixed(1);
    sentences.push(`That is ${missing} MB more than the target: use a smaller model.`);
  }
  const weightBits = type === null ? storedBits(header) : bits;
  return { quantization, bits: weightBits, expected_size_mb, notes: sentences.join(" "), fits_target };
}

/** Returns the bits in which most weights are stored, without scales. */
function storedBits({ tensors }: GgufHeader): number {
  const weights = new Map<string, number>();
  for (const tensor of tensors) weights.set(tensor.type, (weights.get(tensor.type) ?? 0) + tensor.weights);
  const [most] = [...weights].sort(([, one], [, other]) => other - one);
  return Number(/\d+/.exec(most?.[0] ?? "")?.[0] ?? UNQUANTIZED_BITS);
}

/** Formats the advice. For a model that does not exist, the first line says that its size is assumed. */
export function formatAdvice(advice: SizeAdvice): string {
  const estimate = advice.model_size_is_estimate
    ? `Estimate: ${plainLine(advice.model_path)} does not exist; assuming twice the target size.\n`
    : "";
  const fields = formatFields(17, {
    "Model size": `${advice.model_size_mb.toFixed(1)} MB`,
    "Target size": `${advice.target_mb.toFixed(1)} MB`,
    Quantization: advice.quantization,
    Bits: String(advice.bits),
    "Est. size after": `${advice.expected_size_mb.toFixed(1)} MB`,
    "Est. latency": `${advice.latency_ms.toFixed(1)} ms`,
    Notes: advice.notes,
  });
  return estimate + fields;
}
