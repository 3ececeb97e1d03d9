import {
  assembleModule,
  type Code,
  f32,
  f32x4,
  i8x16,
  i16x8,
  i32,
  i32x4,
  i64,
  i64x2,
  local,
  repeatWhile,
  v128,
  type WasmFunction,
} from "./wasm-assembler.js";

const VECTOR_BYTES = 16;
const READ_SUMS = 8;
/** Bytes per iteration of the reading loop. It is large because V8 checks for interrupts in each iteration. */
export const READ_STEP_BYTES = 4 * READ_SUMS * VECTOR_BYTES;

/** Memory layout of the weights of a type and of their activations, in consecutive blocks. */
export interface DotProductFormat {
  /** Name of the type in model files. */
  type: string;
  kernel: string;
  weightsPerBlock: number;
  weightBlockBytes: number;
  activationBlockBytes: number;
}

/** The block types of most small models. Source of the layouts: the description of GGUF tensor types. */
export const dotProductFormats: readonly DotProductFormat[] = [
  { type: "q8_0", kernel: "dot_q8_0", weightsPerBlock: 32, weightBlockBytes: 34, activationBlockBytes: 34 },
  { type: "q4_0", kernel: "dot_q4_0", weightsPerBlock: 32, weightBlockBytes: 18, activationBlockBytes: 34 },
  { type: "q4_k", kernel: "dot_q4_k", weightsPerBlock: 256, weightBlockBytes: 144, activationBlockBytes: 292 },
];

/**
 * Returns the module to time, 2.4 KB.
 *
 * - `sum_words(address, byteCount)` reads memory and returns the sum of its 64-bit words modulo 2^64. `byteCount` is a
 *   positive multiple of {@link READ_STEP_BYTES}.
 * - `dot_…(weights, activations, blockCount)` multiplies one row and one column like an engine: byte products are
 *   summed as integers within a block and scaled as floats. `blockCount` is at least 1.
 */
export function kernelModule(): Uint8Array<ArrayBuffer> {
  return assembleModule([sumWords(), dotQ8_0(), dotQ4_0(), dotQ4K()]);
}

function sumWords(): WasmFunction {
  const [address, byteCount, end] = [0, 1, 2];
  const sums = Array.from({ length: READ_SUMS }, (_, index) => 3 + index);
  const steps = Array.from({ length: READ_STEP_BYTES / VECTOR_BYTES }, (_, index) => {
    const sum = sums[index % READ_SUMS] as number;
    return local.set(sum, i64x2.add(local.get(sum), v128.load(local.get(address), index * VECTOR_BYTES)));
  });
  const total = sums.map((sum) => local.get(sum)).reduce((one, other) => i64x2.add(one, other));
  return {
    name: "sum_words",
    parameters: ["i32", "i32"],
    result: "i64",
    locals: ["i32", ...sums.map(() => "v128" as const)],
    body: [
      ...local.set(end, i32.add(local.get(address), local.get(byteCount))),
      ...repeatWhile(i32.isLessUnsigned(local.get(address), local.get(end)), [
        ...steps,
        advance(address, READ_STEP_BYTES),
      ]),
      ...local.set(sums[0] as number, total),
      ...i64.add(
        i64x2.extractLane(0, local.get(sums[0] as number)),
        i64x2.extractLane(1, local.get(sums[0] as number)),
      ),
    ],
  };
}

/** Both sides are blocks of a half-precision scale and 32 signed bytes. */
function dotQ8_0(): WasmFunction {
  return dotProduct("dot_q8_0", { weights: 34, activations: 34 }, ({ weights, activations, sum }) => {
    const products = [0, 16].map((at) =>
      dotOfBytes(v128.load(local.get(weights), 2 + at), v128.load(local.get(activations), 2 + at)),
    );
    return [addScaled(sum, addAll(products), productOfHalves(weights, activations))];
  });
}

/**
 * Blocks of weights are a half-precision scale and 16 bytes: the low halves are weights 0 to 15, the high halves 16 to
 * 31, all with an offset of 8.
 */
function dotQ4_0(): WasmFunction {
  return dotProduct(
    "dot_q4_0",
    { weights: 18, activations: 34 },
    ({ weights, activations, sum, vectors: [packed] }) => {
      const centered = (halves: Code) => i8x16.subtract(halves, i8x16.splat(i32.constant(8)));
      const products = [lowHalves(packed), highHalves(packed)].map((halves, index) =>
        dotOfBytes(centered(halves), v128.load(local.get(activations), 2 + 16 * index)),
      );
      return [
        local.set(packed, v128.load(local.get(weights), 2)),
        addScaled(sum, addAll(products), productOfHalves(weights, activations)),
      ];
    },
  );
}

/**
 * Weights are blocks of 256: two half-precision scales, 12 bytes with a scale and a minimum of 6 bits for each 32
 * weights, and 128 bytes of halves. Activations are a single-precision scale, 256 bytes, and the sum of each 16 of
 * them.
 */
function dotQ4K(): WasmFunction {
  return dotProduct(
    "dot_q4_k",
    { weights: 144, activations: 292 },
    ({ weights, activations, sum, vectors: [packed, products], integers: [first, second, third, scales] }) => {
      const [scalesAt, halvesAt, bytesAt, sumsAt] = [4, 16, 4, 260];
      const code: Code[] = [
        local.set(first, i32.load(local.get(weights), scalesAt)),
        local.set(second, i32.load(local.get(weights), scalesAt + 4)),
        local.set(third, i32.load(local.get(weights), scalesAt + 8)),
      ];
      for (let group = 0; group < 8; group++) {
        // The scales of groups 0 to 3 are the low six bits of the first four bytes, whose upper two bits belong to
        // groups 4 to 7. The minimums are stored the same way in the next four bytes.
        if (group === 0) code.push(local.set(scales, i32.and(local.get(first), i32.constant(0x3f3f3f3f))));
        if (group === 4) code.push(local.set(scales, upperSixBits(first, i32.and(local.get(third), NIBBLES))));
        if (group % 2 === 0) code.push(local.set(packed, v128.load(local.get(weights), halvesAt + 16 * group)));
        const scale = i32.and(
          i32.shiftRightUnsigned(local.get(scales), i32.constant(8 * (group % 4))),
          i32.constant(0x3f),
        );
        const halves = group % 2 === 0 ? lowHalves : highHalves;
        const rest = v128.load(local.get(weights), halvesAt + 16 * (group - (group % 2)) + 16);
        const at = bytesAt + 32 * group;
        const dot = i32x4.add(
          dotOfBytes(halves(packed), v128.load(local.get(activations), at)),
          dotOfBytes(halvesOf(rest, group % 2 === 0), v128.load(local.get(activations), at + 16)),
        );
        const scaled = i32x4.multiply(dot, i32x4.splat(scale));
        code.push(local.set(products, group === 0 ? scaled : i32x4.add(local.get(products), scaled)));
      }
      const minimums = i16x8.extendLowUnsigned(
        i32x4.replaceLane(
          1,
          i32x4.splat(i32.and(local.get(second), i32.constant(0x3f3f3f3f))),
          upperSixBits(second, i32.and(i32.shiftRightUnsigned(local.get(third), i32.constant(4)), NIBBLES)),
        ),
      );
      const sums = i16x8.narrow(
        i32x4.addPairs(v128.load(local.get(activations), sumsAt)),
        i32x4.addPairs(v128.load(local.get(activations), sumsAt + 16)),
      );
      const activationScale = f32.load(local.get(activations));
      code.push(
        addScaled(sum, local.get(products), f32.multiply(halfFloat(weights, 0), activationScale)),
        local.set(
          sum,
          f32x4.subtract(
            local.get(sum),
            f32x4.multiply(
              f32x4.convert(i32x4.dot(minimums, sums)),
              f32x4.splat(f32.multiply(halfFloat(weights, 2), activationScale)),
            ),
          ),
        ),
      );
      return code;
    },
  );
}

interface DotProductLocals {
  weights: number;
  activations: number;
  sum: number;
  vectors: readonly [number, number];
  integers: readonly [number, number, number, number];
}

/** Builds a loop over blocks of these sizes, whose body adds to four sums, and the total of the sums. */
function dotProduct(
  name: string,
  blockBytes: { weights: number; activations: number },
  body: (locals: DotProductLocals) => readonly Code[],
): WasmFunction {
  const [weights, activations, blockCount, sum] = [0, 1, 2, 3];
  const locals: DotProductLocals = { weights, activations, sum, vectors: [4, 5], integers: [6, 7, 8, 9] };
  return {
    name,
    parameters: ["i32", "i32", "i32"],
    result: "f32",
    locals: ["v128", "v128", "v128", "i32", "i32", "i32", "i32"],
    body: [
      ...repeatWhile(local.get(blockCount), [
        ...body(locals),
        advance(weights, blockBytes.weights),
        advance(activations, blockBytes.activations),
        advance(blockCount, -1),
      ]),
      ...[0, 1, 2, 3]
        .map((lane) => f32x4.extractLane(lane, local.get(sum)))
        .reduce((one, other) => f32.add(one, other)),
    ],
  };
}

const NIBBLES = i32.constant(0x0f0f0f0f);

function lowHalves(bytes: number): Code {
  return halvesOf(local.get(bytes), true);
}

function highHalves(bytes: number): Code {
  return halvesOf(local.get(bytes), false);
}

function halvesOf(bytes: Code, isLow: boolean): Code {
  return isLow ? v128.and(bytes, i8x16.splat(i32.constant(0x0f))) : i8x16.shiftRightUnsigned(bytes, i32.constant(4));
}

/** Combines four six-bit values: the upper two bits of `upper` above the four bits of `lower`. */
function upperSixBits(upper: number, lower: Code): Code {
  const twoBits = i32.and(i32.shiftRightUnsigned(local.get(upper), i32.constant(6)), i32.constant(0x03030303));
  return i32.or(lower, i32.shiftLeft(twoBits, i32.constant(4)));
}

/** Multiplies sixteen signed bytes into four sums. */
function dotOfBytes(one: Code, other: Code): Code {
  return i32x4.add(i32x4.addPairs(i16x8.multiplyLow(one, other)), i32x4.addPairs(i16x8.multiplyHigh(one, other)));
}

function addAll(vectors: readonly Code[]): Code {
  return vectors.reduce((one, other) => i32x4.add(one, other));
}

function addScaled(sum: number, integers: Code, scale: Code): Code {
  return local.set(sum, f32x4.add(local.get(sum), f32x4.multiply(f32x4.convert(integers), f32x4.splat(scale))));
}

function productOfHalves(weights: number, activations: number): Code {
  return f32.multiply(halfFloat(weights, 0), halfFloat(activations, 0));
}

/** Converts a finite half-precision number: shifts its bits to single precision and corrects the exponent by 112. */
function halfFloat(address: number, offset: number): Code {
  const bits = i32.loadUnsigned16(local.get(address), offset);
  const sign = i32.shiftLeft(i32.and(bits, i32.constant(0x8000)), i32.constant(16));
  const magnitude = i32.shiftLeft(i32.and(bits, i32.constant(0x7fff)), i32.constant(13));
  return f32.multiply(f32.fromBits(i32.or(sign, magnitude)), f32.constant(2 ** 112));
}

function advance(index: number, by: number): Code {
  return local.set(index, i32.add(local.get(index), i32.constant(by)));
}
