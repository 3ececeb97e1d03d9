import type { EdgeDevice } from "@nanoagent/models";
import { InvalidSizeError } from "./invalid-size-error.js";

export type Quantization = "none" | "int8" | "int4" | "int2";

/** What to do with a model so that it comes near a size. */
export interface QuantizationAdvice {
  quantization: Quantization;
  /** Bits that a weight takes. */
  bits: number;
  /** What the model takes afterwards, in units of 2^20 bytes. */
  expected_size_mb: number;
  /** The advice in sentences, for a person. */
  notes: string;
  /** Whether `expected_size_mb` is within the target. The smallest tier is recommended even when it is not. */
  fits_target: boolean;
}

interface Tier {
  /** The smallest target ÷ model that this tier is recommended for. */
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
    notes: "The model is within the target as it is: keep its weights at 32 bits.",
  },
  {
    leastRatio: 0.5,
    quantization: "int8",
    bits: 8,
    notes: "8 bits a weight take a quarter of the space, and the answers stay almost the same.",
  },
  {
    leastRatio: 0.25,
    quantization: "int4",
    bits: 4,
    notes: "4 bits a weight take an eighth of the space. Answers get somewhat worse: try it on questions of your own.",
  },
  {
    leastRatio: 0,
    quantization: "int2",
    bits: 2,
    notes:
      "Only 2 bits a weight come near the target. Answers get clearly worse, and parts of the network may have to go as well.",
  },
];

const MS_PER_MB_ON_ONE_CORE = 2;
const GPU_FACTOR = 0.1;
/** A model that takes a larger share of the device's memory than this runs slower. */
const COMFORTABLE_MEMORY_SHARE = 0.5;

/**
 * Coarse answers about a model of which nothing but the size is known: rules of thumb, no measurements.
 * Both methods take sizes in MB of 2^20 bytes and throw {@link InvalidSizeError} for one that is not a finite number
 * above zero.
 */
export class ModelOptimizer {
  /**
   * The quantization that brings a model of 32-bit weights near a size. By target ÷ model: 1 and more none, 0.5 and
   * more INT8 (size ÷ 4), 0.25 and more INT4 (÷ 8), below INT2 with pruning (÷ 16).
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
   * The time that one answer of a model takes on a device, in milliseconds: size × 2 ÷ √cores; a tenth of it with a
   * GPU; and when the model takes more than half of the device's memory, times size ÷ that half.
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
  return `Even so ${formatMb(expectedMb)} MB remain, ${missing} MB more than the target: take a smaller model.`;
}

function formatMb(sizeMb: number): string {
  return sizeMb >= 1 ? sizeMb.toFixed(1) : sizeMb.toPrecision(2);
}
