import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type DotProductFormat,
  dotProductFormats,
  kernelModule,
  READ_STEP_BYTES,
} from "../../src/measure/kernel-module.js";
import { webAssembly } from "../../src/measure/web-assembly.js";

const memory = new webAssembly.Memory({ initial: 4 });
const kernels = new webAssembly.Instance(new webAssembly.Module(kernelModule()), { environment: { memory } })
  .exports as {
  [name: string]: (...values: number[]) => number | bigint;
};

describe("sum_words", () => {
  it("adds exactly the 64-bit words between the two addresses", () => {
    const step = fc.integer({ min: 1, max: 20 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999 }), step, fc.integer(), (address, steps, seed) => {
        fillWithBytes(seed);
        const byteCount = steps * READ_STEP_BYTES;
        const view = new DataView(memory.buffer);
        let sum = 0n;
        for (let at = 0; at < byteCount; at += 8) sum += view.getBigUint64(address + at, true);
        const result = (kernels.sum_words as (...values: number[]) => bigint)(address, byteCount);
        expect(BigInt.asUintN(64, result)).toBe(BigInt.asUintN(64, sum));
      }),
    );
  });
});

describe.each(dotProductFormats)("the dot product of $type", (format) => {
  it("equals the sum of the individual products", () => {
    const reference = references[format.type] as Reference;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.integer(), (blockCount, seed) => {
        fillWithBytes(seed);
        const activationsAt = 1 + blockCount * format.weightBlockBytes;
        const view = new DataView(memory.buffer);
        let sum = 0;
        let size = 0;
        for (let block = 0; block < blockCount; block++) {
          const weights = 1 + block * format.weightBlockBytes;
          const activations = activationsAt + block * format.activationBlockBytes;
          makeFinite(view, format, weights, activations);
          for (const product of reference(view, weights, activations)) {
            sum += product;
            size += Math.abs(product);
          }
        }
        const result = (kernels[format.kernel] as (...values: number[]) => number)(1, activationsAt, blockCount);
        // Single precision keeps 24 bits of each sum.
        expect(Math.abs(result - sum)).toBeLessThanOrEqual(size * 2 ** -20 + Number.MIN_VALUE);
        expect(size).toBeGreaterThan(0);
      }),
    );
  });
});

/** Returns the products that a block sums up. */
type Reference = (view: DataView, weights: number, activations: number) => number[];

const references: Record<string, Reference> = {
  q8_0: (view, weights, activations) => {
    const scale = half(view, weights) * half(view, activations);
    return Array.from({ length: 32 }, (_, index) => {
      return scale * view.getInt8(weights + 2 + index) * view.getInt8(activations + 2 + index);
    });
  },
  q4_0: (view, weights, activations) => {
    const scale = half(view, weights) * half(view, activations);
    return Array.from({ length: 32 }, (_, index) => {
      const byte = view.getUint8(weights + 2 + (index % 16));
      const weight = (index < 16 ? byte & 15 : byte >> 4) - 8;
      return scale * weight * view.getInt8(activations + 2 + index);
    });
  },
  q4_k: (view, weights, activations) => {
    const activationScale = view.getFloat32(activations, true);
    const [scale, minimumScale] = [half(view, weights), half(view, weights + 2)];
    return Array.from({ length: 256 }, (_, index) => {
      const group = Math.floor(index / 32);
      const byte = view.getUint8(weights + 16 + 32 * Math.floor(index / 64) + (index % 32));
      const nibble = group % 2 === 0 ? byte & 15 : byte >> 4;
      const packed = (at: number) => view.getUint8(weights + 4 + at);
      const [groupScale, groupMinimum] =
        group < 4
          ? [packed(group) & 63, packed(group + 4) & 63]
          : [
              (packed(group + 4) & 15) | ((packed(group - 4) >> 6) << 4),
              (packed(group + 4) >> 4) | ((packed(group) >> 6) << 4),
            ];
      const weight = scale * groupScale * nibble - minimumScale * groupMinimum;
      return activationScale * weight * view.getInt8(activations + 4 + index);
    });
  },
};

/** Makes random bytes valid: finite scales of a realistic size, and sums that match the bytes. */
function makeFinite(view: DataView, { type }: DotProductFormat, weights: number, activations: number): void {
  for (const at of type === "q4_k" ? [weights, weights + 2] : [weights, activations]) {
    if ((view.getUint16(at, true) & 0x7c00) === 0x7c00) view.setUint16(at, 0x3c01, true);
  }
  if (type !== "q4_k") return;
  view.setFloat32(activations, 1 + view.getUint8(activations) / 256, true);
  for (let group = 0; group < 16; group++) {
    let sum = 0;
    for (let index = 0; index < 16; index++) {
      const at = activations + 4 + 16 * group + index;
      // Activations are quantized to -127 to 127.
      if (view.getInt8(at) === -128) view.setInt8(at, 127);
      sum += view.getInt8(at);
    }
    view.setInt16(activations + 260 + 2 * group, sum, true);
  }
}

/** IEEE 754 half precision, finite. */
function half(view: DataView, at: number): number {
  const bits = view.getUint16(at, true);
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  const magnitude = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return bits & 0x8000 ? -magnitude : magnitude;
}

function fillWithBytes(seed: number): void {
  let state = seed | 1;
  const bytes = new Uint8Array(memory.buffer);
  for (let at = 0; at < 24_000; at++) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x297a2d39;
    bytes[at] = state >>> 24;
  }
}
