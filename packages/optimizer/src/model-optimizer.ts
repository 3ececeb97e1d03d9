import type { EdgeDevice } from "@nanoagent/models";
import { InvalidSizeError } from "./invalid-size-error.js";

export type Quantization = "none" | "int8" | "int4" | "int2";

/** Advice on how to bring a model near a target size. */
export interface QuantizationAdvice {
  quantization: Quantization;
  /** Bits per weight. */
  bits: number;
  /** Size of the quantized model in MB of 2^20 bytes. */
  expected_size_mb: number;
  /** The advice in sentences, for a person. */
  notes: string;
  /** Whether `expected_size_mb` is within the target. The smallest tier is recommended even when it is not. */
  fits_target: boolean;
}

interface Tier {
  /** Smallest ratio of target size to model size that this tier is recommended for. */
  leastRatio: number;
  quantization: Quantization;
  bits: number;
  notes: string;
}

const UNQUANTIZED_BITS = 32;

/** Best quality first: the first tier whose ratio is reached is recommended. */
const TIERS: readonly [Tier, ...Tier[]] = [
  {
    leastRatio: 1,
    quantization: "none",
    bits: UNQUANTIZED_BITS,
    notes: "The model already fits the target. Keep its weights at 32 bits.",
  },
  {
    leastRatio: 0.5,
    quantization: "int8",
    bits: 8,
    notes: "8 bits per weight need a quarter of the space. Answers stay almost the same.",
  },
  {
    leastRatio: 0.25,
    quantization: "int4",
    bits: 4,
    notes: "4 bits per weight need an eighth of the space. Answers get somewhat worse: test it on your own questions.",
  },
  {
    leastRatio: 0,
    quantization: "int2",
    bits: 2,
    notes: "Only 2 bits per weight come near the target. Answers get clearly worse, and the network may need pruning.",
  },
];

const MS_PER_MB_ON_ONE_CORE = 2;
const GPU_FACTOR = 0.1;
/** A model that needs a larger share of the device's memory than this runs slower. */
const COMFORTABLE_MEMORY_SHARE = 0.5;

/**
 * Rules of thumb for a model of which only the size is known. Both methods expect sizes in MB of 2^20 bytes and throw
 * {@link InvalidSizeError} for a size that is not a finite number above zero.
 */
export class ModelOptimizer {
  /**
   * Recommends the quantization that brings a model of 32-bit weights near a target size. By target ÷ model size: 1 or
   * more: none; 0.5 or more: INT8 (size ÷ 4); 0.25 or more: INT4 (÷ 8); below: INT2 with pruning (÷ 16).
   */
  quantizeConfig(modelSizeMb: number, targetMb: number): QuantizationAdvice {
    requireSize("modelSizeMb", modelSizeMb);
    requireSize("targetMb", targetMb);
    const ratio = targetMb / modelSizeMb;
    const { quantization, bits, notes } = TIERS.find((tier) => ratio >= tier.leastRatio) ?? TIERS[0];
    const expected_size_mb = (modelSizeMb * bits) / UNQUANTIZED_BITS;
    const fits_target = expected_size_mb <= targetMb;
    return {
      quantization,
      bits,
      expected_size_mb,
      notes: fits_target ? notes : `${notes} ${describeMiss(expected_size_mb, targetMb)}`,
      fits_target,
    };
  }

  /**
   * Estimates the time of one answer on a device, in milliseconds: size × 2 ÷ √cores, divided by 10 with a GPU. If the
   * model needs more than half of the device's memory, the time is multiplied by size ÷ that half.
   */
  estimateLatency(modelSizeMb: number, device: EdgeDevice): number {
    requireSize("modelSizeMb", modelSizeMb);
    requireSize("device.memory_mb", device.memory_mb);
    requireSize("device.cpu_cores", device.cpu_cores);
    const comfortableMb = device.memory_mb * COMFORTABLE_MEMORY_SHARE;
    const computeMs = (modelSizeMb * MS_PER_MB_ON_ONE_CORE) / Math.sqrt(device.cpu_cores);
    const crowding = Math.max(1, modelSizeMb / comfortableMb);
    return computeMs * (device.has_gpu ? GPU_FACTOR : 1) * crowding;
  }
}

function requireSize(field: string, value: unknown): void {
  if (typeof value !== "number" || !Number.isFinite(value) || value <= 0) throw new InvalidSizeError(field, value);
}

function describeMiss(expectedMb: number, targetMb: number): string {
  const missing = formatMb(expectedMb - targetMb);
  return `The result has ${formatMb(expectedMb)} MB, ${missing} MB more than the target: use a smaller model.`;
}

function formatMb(sizeMb: number): string {
  return sizeMb >= 1 ? sizeMb.toFixed(1) : sizeMb.toPrecision(2);
}
