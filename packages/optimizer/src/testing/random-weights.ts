import { tensorTypeNamed } from "../formats/tensor-types.js";

/** Largest absolute value of random weights, so that activations neither vanish nor overflow. */
const LARGEST_WEIGHT = 0.08;

/** Supported types of random weights. */
const RANDOM_WEIGHT_TYPES = ["f32", "f16", "q8_0", "q4_0"] as const;

/** Fills `target` with random weights of a type. Throws a RangeError for an unsupported type. */
export function fillWithRandomWeights(type: string, target: Uint8Array, random: () => number): void {
  const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
  const { bytesPerBlock } = tensorTypeNamed(type);
  for (let at = 0; at < target.length; at += bytesPerBlock) {
    switch (type) {
      case "f32":
        view.setFloat32(at, (random() * 2 - 1) * LARGEST_WEIGHT, true);
        break;
      case "f16":
        view.setUint16(at, randomHalf(random), true);
        break;
      case "q8_0":
        // A block: the scale as a 16-bit float, then 32 integers from -127 to 127.
        view.setUint16(at, halfOf(LARGEST_WEIGHT / 127), true);
        for (let index = 2; index < bytesPerBlock; index++) view.setInt8(at + index, Math.round(random() * 254 - 127));
        break;
      case "q4_0":
        // A block: the scale as a 16-bit float, then 32 four-bit numbers with 8 as zero.
        view.setUint16(at, halfOf(LARGEST_WEIGHT / 8), true);
        for (let index = 2; index < bytesPerBlock; index++) target[at + index] = Math.floor(random() * 256);
        break;
      default:
        throw new RangeError(`Random weights must be ${RANDOM_WEIGHT_TYPES.join(", ")}, not ${type}`);
    }
  }
}

function randomHalf(random: () => number): number {
  const sign = random() < 0.5 ? 0x8000 : 0;
  return sign | halfOf(random() * LARGEST_WEIGHT);
}

/** Converts a positive number below 1 to an IEEE 16-bit float, without rounding. */
function halfOf(value: number): number {
  const bits = new DataView(new ArrayBuffer(4));
  bits.setFloat32(0, value);
  const single = bits.getUint32(0);
  const exponent = ((single >>> 23) & 0xff) - 127 + 15;
  if (exponent <= 0) return 0;
  return (exponent << 10) | ((single >>> 13) & 0x3ff);
}
