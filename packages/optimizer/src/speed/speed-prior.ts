import type { DeviceMeasurement, EdgeDevice } from "@nanoagent/models";
import { tensorTypeNamed } from "../formats/tensor-types.js";
import type { CostUnit } from "./fit-rates.js";

/** Facts of a device that forecasts are based on if no model was timed on it. */
export interface SpeedFacts {
  device: Pick<EdgeDevice, "platform" | "cpu_cores">;
  /** CPU features; null if unknown. */
  cpuFeatures: readonly string[] | null;
  /** Measured bandwidth and dot products; null if not measured. */
  measurement: Pick<DeviceMeasurement, "bandwidth" | "dot_products"> | null;
}

export type Phase = "prefill" | "decode";

/** Speed of one thread of a CPU family, for devices without a measurement. */
interface CpuKind {
  /** Weights of q8_0 that one thread multiplies per second while decoding. */
  weightsPerSecond: number;
  /** Time per weight by type, relative to q8_0. */
  decode: Readonly<Record<string, number>>;
  /** Time per weight in prefill, with many tokens per batch, relative to that in decoding. */
  prefill: Readonly<Record<string, number>>;
  /** Bytes per second that all cores read together. */
  bandwidth: number;
  /**
   * Speed of the engine's kernels relative to those of the micro-benchmark, which use 128-bit instructions, no byte dot
   * products, and weights that are not repacked.
   */
  engineFactors: Readonly<Record<string, number>>;
  /** Overhead per layer: norms, sums and thread synchronization. */
  layerSeconds: number;
  /** Cache elements that one thread processes per second, for a single token and for many tokens per batch. */
  attentionNumbersPerSecond: Readonly<Record<Phase, number>>;
  /** State elements that recurrent layers update per second. */
  stateNumbersPerSecond: Readonly<Record<Phase, number>>;
}

/**
 * Measured with one thread of EPYC processors and with desktop CPUs. Prefill is several times as fast with repacked
 * types.
 */
const X86: CpuKind = {
  weightsPerSecond: 18e9,
  decode: {
    f32: 3,
    f16: 1.3,
    bf16: 2,
    q8_0: 1,
    q4_0: 0.8,
    q4_1: 0.9,
    q5_0: 1.3,
    q5_1: 1.3,
    q2_k: 1.1,
    q3_k: 1.2,
    q4_k: 0.8,
    q5_k: 1.15,
    q6_k: 1.05,
    iq4_nl: 0.9,
    iq4_xs: 1.1,
    iq3_s: 2.4,
    iq3_xxs: 2.4,
    iq2_s: 2.6,
    iq2_xs: 2.4,
    iq2_xxs: 2.2,
    iq1_s: 2.2,
    iq1_m: 2.6,
    mxfp4: 1,
  },
  prefill: { q4_0: 0.27, q4_k: 0.38, iq4_nl: 0.35, f16: 0.6, q3_k: 0.8, q5_k: 0.8, q6_k: 0.7 },
  bandwidth: 40e9,
  engineFactors: { q8_0: 2.2, q4_0: 3, q4_k: 4.3 },
  layerSeconds: 5e-6,
  attentionNumbersPerSecond: { decode: 8e9, prefill: 45e9 },
  stateNumbersPerSecond: { decode: 2.5e9, prefill: 6e9 },
};

/**
 * Phones and boards with dot products. Below four bits, fewer bits are not faster: a weight of q2_k takes as long as
 * one of q4_k, and one of iq2 twice as long; q5_k and q6_k take longer than q8_0.
 */
const ARM: CpuKind = {
  weightsPerSecond: 5e9,
  decode: {
    ...X86.decode,
    f16: 2,
    q4_0: 0.58,
    q4_k: 0.72,
    q5_k: 1.05,
    q6_k: 1.1,
    q3_k: 0.95,
    q2_k: 0.77,
    iq4_nl: 0.65,
    iq4_xs: 0.9,
    iq3_s: 1.5,
    iq3_xxs: 1.5,
    iq2_s: 1.5,
    iq2_xs: 1.4,
    iq2_xxs: 1.3,
  },
  prefill: { q4_0: 0.25, q4_k: 0.3, q8_0: 0.3, q6_k: 0.35, q5_k: 0.35, iq4_nl: 0.3, f16: 0.4 },
  bandwidth: 12e9,
  // An assumption: their dot products process four bytes at once, while the micro-benchmark's kernels widen them first.
  engineFactors: { q8_0: 2, q4_0: 2, q4_k: 2.5 },
  layerSeconds: 60e-6,
  attentionNumbersPerSecond: { decode: 2.5e9, prefill: 8e9 },
  stateNumbersPerSecond: { decode: 0.8e9, prefill: 1.6e9 },
};

/** ARM CPUs without dot products: Raspberry Pi 4, 3 or Zero 2. Their speed is limited by computation alone. */
const PLAIN: CpuKind = {
  ...ARM,
  weightsPerSecond: 1.3e9,
  prefill: {},
  bandwidth: 4e9,
  engineFactors: {},
  layerSeconds: 150e-6,
  attentionNumbersPerSecond: { decode: 0.8e9, prefill: 1.5e9 },
  stateNumbersPerSecond: { decode: 0.25e9, prefill: 0.4e9 },
};

const DEFAULT_PREFILL_SHARE = 0.5;
/** Time per weight of an unknown type, relative to q8_0: that of the slow types. */
const UNKNOWN_TYPE_SHARE = 1.5;
/** Uncertainty of the cost of one type at a known machine speed: measured, from the table, or unknown. */
const TYPE_SPREADS = { measured: 0.15, table: 0.25, unknown: 0.5 };
/** Uncertainty of the machine speed: from a micro-benchmark, or from the CPU family alone. */
const SCALE_SPREADS = { measured: 0.25, kind: 0.6 };
/** Share of the measured read bandwidth that an engine reaches. */
const READING_EFFICIENCY = 0.88;
/** Exponent for adding computing and reading time: they overlap, so the sum is close to the longer one. */
const OVERLAP_POWER = 4;
/** Share of its speed that each further thread adds. */
const THREAD_EFFICIENCY = 0.85;

/** Returns the expected cost of each unit of work, and the uncertainty of their common factor. */
export function speedPrior(
  facts: SpeedFacts,
  types: Iterable<string>,
  phase: Phase,
  threads: number,
): { units: CostUnit[]; scaleSpread: number } {
  const kind = cpuKind(facts);
  const { measurement } = facts;
  const workers = 1 + (threads - 1) * THREAD_EFFICIENCY;
  const bandwidth =
    READING_EFFICIENCY *
    (measuredBandwidth(measurement, threads) ?? Math.min(kind.bandwidth, (kind.bandwidth / 2) * threads));
  const dotProducts = new Map((measurement?.dot_products ?? []).map(({ type, per_second }) => [type, per_second]));
  const measuredRate = (type: string): number | undefined => {
    const rate = dotProducts.get(type);
    return rate === undefined ? undefined : rate * (kind.engineFactors[type] ?? 1);
  };
  const reference = measuredRate("q8_0") ?? kind.weightsPerSecond;

  const weightUnit = (label: string): CostUnit => {
    const type = baseType(label);
    const measured = measuredRate(type);
    const share = kind.decode[type];
    const computing = 1 / (measured ?? reference / (share ?? UNKNOWN_TYPE_SHARE)) / workers;
    const reading = bytesPerWeight(type) / bandwidth;
    const seconds =
      phase === "decode"
        ? (computing ** OVERLAP_POWER + reading ** OVERLAP_POWER) ** (1 / OVERLAP_POWER)
        : computing * (kind.prefill[type] ?? DEFAULT_PREFILL_SHARE);
    const spread =
      measured !== undefined ? TYPE_SPREADS.measured : share !== undefined ? TYPE_SPREADS.table : TYPE_SPREADS.unknown;
    return { key: label, seconds, spread, isScaled: true };
  };
  return {
    units: [
      ...[...types].map(weightUnit),
      { key: LAYER, seconds: kind.layerSeconds, spread: 1, isScaled: false },
      { key: ATTENTION, seconds: 1 / kind.attentionNumbersPerSecond[phase] / workers, spread: 0.7, isScaled: true },
      { key: STATE, seconds: 1 / kind.stateNumbersPerSecond[phase] / workers, spread: 0.8, isScaled: true },
    ],
    scaleSpread: dotProducts.size > 0 ? SCALE_SPREADS.measured : SCALE_SPREADS.kind,
  };
}

/** Keys of units other than weights. Names of types contain no colon. */
export const LAYER = ":layer";
export const ATTENTION = ":attention";
export const STATE = ":state";

function cpuKind({ device, cpuFeatures }: SpeedFacts): CpuKind {
  const machine = device.platform.slice(device.platform.lastIndexOf("-") + 1);
  if (machine === "x86_64" || machine === "amd64") return X86;
  const isDarwin = device.platform.startsWith("darwin");
  if (isDarwin || cpuFeatures === null) return machine === "aarch64" || machine === "arm64" ? ARM : PLAIN;
  return cpuFeatures.includes("asimddp") ? ARM : PLAIN;
}

/** Returns the bandwidth measured with the most threads up to this number; null if none was measured. */
function measuredBandwidth(measurement: SpeedFacts["measurement"], threads: number): number | null {
  const rows = (measurement?.bandwidth ?? []).filter((row) => row.threads <= threads && row.per_second > 0);
  const [nearest] = rows.sort((one, other) => other.threads - one.threads);
  return nearest?.per_second ?? null;
}

/** Returns the main type of a label: `q4_k` for `Q4_K_M`, as files of mixed types are called. */
export function baseType(label: string): string {
  const type = label.toLowerCase();
  const isKnown = (name: string) => Object.hasOwn(X86.decode, name);
  if (isKnown(type)) return type;
  const shorter = type.replace(/[ _-]+(xs|s|m|l|xl|xxl|small|medium|large)$/, "").replace(/[ _-]+$/, "");
  if (isKnown(shorter)) return shorter;
  if (isKnown(`${shorter}_s`)) return `${shorter}_s`;
  return type;
}

function bytesPerWeight(type: string): number {
  try {
    const { bytesPerBlock, weightsPerBlock } = tensorTypeNamed(type);
    return bytesPerBlock / weightsPerBlock;
  } catch {
    return 1;
  }
}
