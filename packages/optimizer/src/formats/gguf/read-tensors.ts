import type { ModelFileCursor } from "../model-file-cursor.js";
import { bytesOfWeights, type TensorType, tensorTypeWithId } from "../tensor-types.js";
import type { GgufTensor } from "./gguf-header.js";
import { MAX_DIMENSIONS, MAX_TENSOR_NAME_BYTES } from "./gguf-limits.js";
import { takeName } from "./take-name.js";

/** First type number of ik_llama.cpp; ggml uses the numbers below. */
const FIRST_FOREIGN_TYPE = 97;
/** Highest type number that llama.cpp removed; free numbers above it are for new types. */
const NEWEST_REMOVED_TYPE = 38;

/** A tensor with its position as listed in the table. */
export interface ListedTensor extends Omit<GgufTensor, "offset"> {
  /** Offset of its data, relative to the start of all data. */
  dataOffset: number;
  /** File offset of this table entry. */
  tableOffset: number;
}

/** Reads the table of tensors at the cursor. The data offsets are not checked yet. */
export async function readTensors(cursor: ModelFileCursor, count: number): Promise<ListedTensor[]> {
  const tensors: ListedTensor[] = [];
  const names = new Set<string>();
  for (let index = 0; index < count; index++) {
    const tableOffset = cursor.offset;
    const field = `tensor ${index + 1} of ${count}`;
    const name = await takeName(cursor, field, MAX_TENSOR_NAME_BYTES);
    if (names.has(name)) cursor.fail(`tensor ${name}`, "occurs twice", { offset: tableOffset });
    names.add(name);
    tensors.push(await readTensor(cursor, name, tableOffset));
  }
  return tensors;
}

async function readTensor(cursor: ModelFileCursor, name: string, tableOffset: number): Promise<ListedTensor> {
  const field = `tensor ${name}`;
  const shape = await takeShape(cursor, field);
  const typeOffset = cursor.offset;
  await cursor.need(12, field);
  const typeId = cursor.takeUint32();
  const type = tensorTypeWithId(typeId) ?? failType(cursor, field, typeId, typeOffset);
  const dataOffset = cursor.takeLength();
  const weights = product(shape);
  if (weights === null) {
    cursor.fail(field, `has the shape ${shape.join(" × ")}, which is far too large`, { offset: tableOffset });
  }
  const bytes = bytesOf(cursor, field, type, shape, weights, tableOffset);
  return { name, type: type.name, shape, weights, bytes, dataOffset, tableOffset };
}

async function takeShape(cursor: ModelFileCursor, field: string): Promise<number[]> {
  const offset = cursor.offset;
  await cursor.need(4, field);
  const dimensions = cursor.takeUint32();
  if (dimensions > MAX_DIMENSIONS) {
    cursor.fail(field, `has ${dimensions} dimensions, more than ${MAX_DIMENSIONS}`, { offset });
  }
  await cursor.need(dimensions * 8, field);
  return Array.from({ length: dimensions }, (_, index) => {
    const length = cursor.takeLength();
    if (Number.isFinite(length)) return length;
    return cursor.fail(field, `has a dimension ${index + 1} that is negative or far too large`, { offset });
  });
}

function bytesOf(
  cursor: ModelFileCursor,
  field: string,
  type: TensorType,
  shape: readonly number[],
  weights: number,
  offset: number,
): number {
  const row = shape[0] ?? 1;
  if (row % type.weightsPerBlock !== 0) {
    const problem = `has rows of ${row} weights, not a multiple of ${type.weightsPerBlock} as ${type.name} requires`;
    cursor.fail(field, problem, { offset });
  }
  const bytes = bytesOfWeights(type, weights);
  if (bytes > cursor.fileBytes) {
    cursor.failCutOff(field, `needs ${bytes} bytes, but the file has only ${cursor.fileBytes}`, offset);
  }
  return bytes;
}

/** Returns the product, or null if it is not a safe integer. */
function product(numbers: readonly number[]): number | null {
  let result = 1;
  for (const number of numbers) {
    result *= number;
    if (!Number.isSafeInteger(result)) return null;
  }
  return result;
}

function failType(cursor: ModelFileCursor, field: string, typeId: number, offset: number): never {
  if (typeId >= FIRST_FOREIGN_TYPE) {
    cursor.fail(field, `is stored as type ${typeId}, which llama.cpp does not have`, {
      offset,
      hint: "Types from 97 on belong to ik_llama.cpp. Use a file that was quantized with llama.cpp.",
    });
  }
  if (typeId > NEWEST_REMOVED_TYPE) {
    cursor.fail(field, `is stored as type ${typeId}, which this version does not support`, {
      offset,
      hint: "Update nanoagent, or use this model in another type, such as Q4_K_M or Q8_0.",
    });
  }
  cursor.fail(field, `is stored as type ${typeId}, which llama.cpp does not support`, {
    offset,
    hint: "Use a newer file of this model.",
  });
}
