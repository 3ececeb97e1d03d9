/** Storage format of a tensor's weights: blocks of a fixed number of weights and bytes. */
export interface TensorType {
  /** Name as in llama.cpp, in lower case: `f16`, `q4_k`. */
  readonly name: string;
  /** Number of the type in a GGUF file. */
  readonly id: number;
  readonly weightsPerBlock: number;
  readonly bytesPerBlock: number;
}

/** Types of ggml 0.25. Missing ids were removed from ggml and are illegal in a file. */
const TYPES: readonly TensorType[] = (
  [
    [0, "f32", 1, 4],
    [1, "f16", 1, 2],
    [2, "q4_0", 32, 18],
    [3, "q4_1", 32, 20],
    [6, "q5_0", 32, 22],
    [7, "q5_1", 32, 24],
    [8, "q8_0", 32, 34],
    [9, "q8_1", 32, 36],
    [10, "q2_k", 256, 84],
    [11, "q3_k", 256, 110],
    [12, "q4_k", 256, 144],
    [13, "q5_k", 256, 176],
    [14, "q6_k", 256, 210],
    [15, "q8_k", 256, 292],
    [16, "iq2_xxs", 256, 66],
    [17, "iq2_xs", 256, 74],
    [18, "iq3_xxs", 256, 98],
    [19, "iq1_s", 256, 50],
    [20, "iq4_nl", 32, 18],
    [21, "iq3_s", 256, 110],
    [22, "iq2_s", 256, 82],
    [23, "iq4_xs", 256, 136],
    [24, "i8", 1, 1],
    [25, "i16", 1, 2],
    [26, "i32", 1, 4],
    [27, "i64", 1, 8],
    [28, "f64", 1, 8],
    [29, "iq1_m", 256, 56],
    [30, "bf16", 1, 2],
    [34, "tq1_0", 256, 54],
    [35, "tq2_0", 256, 66],
    [39, "mxfp4", 32, 17],
    [40, "nvfp4", 64, 36],
    [41, "q1_0", 128, 18],
    [42, "q2_0", 64, 18],
  ] as const
).map(([id, name, weightsPerBlock, bytesPerBlock]) => ({ id, name, weightsPerBlock, bytesPerBlock }));

const BY_ID: ReadonlyMap<number, TensorType> = new Map(TYPES.map((type) => [type.id, type]));
const BY_NAME: ReadonlyMap<string, TensorType> = new Map(TYPES.map((type) => [type.name, type]));

/** Returns the type with an id, or undefined for an unknown or removed id. */
export function tensorTypeWithId(id: number): TensorType | undefined {
  return BY_ID.get(id);
}

/** Returns the type with a name. Throws a RangeError for an unknown name, because names come from our own code. */
export function tensorTypeNamed(name: string): TensorType {
  const type = BY_NAME.get(name);
  if (type === undefined) throw new RangeError(`Unknown tensor type ${name}`);
  return type;
}

/** Returns the bytes of a number of weights, which must fill whole blocks. */
export function bytesOfWeights(type: TensorType, weights: number): number {
  return (weights / type.weightsPerBlock) * type.bytesPerBlock;
}
