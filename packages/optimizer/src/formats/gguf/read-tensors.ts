import type { ModelFileCursor } from "../model-file-cursor.js";
import { bytesOfWeights, type TensorType, tensorTypeWithId } from "../tensor-types.js";
import type { GgufTensor } from "./gguf-header.js";
import { MAX_DIMENSIONS, MAX_TENSOR_NAME_BYTES } from "./gguf-limits.js";
import { takeName } from "./take-name.js";

/** ggml itself counts to here; ik_llama.cpp numbers its own types from here on. */
const FIRST_FOREIGN_TYPE = 97;
/** Last of the types that llama.cpp once had and took back; the free numbers above it are for new ones. */
const NEWEST_REMOVED_TYPE = 38;

/** A tensor of the table, with the place that the table gives it. */
export interface ListedTensor extends Omit<GgufTensor, "offset"> {
  /** Where its data begin, counted from the first byte of all data. */
  dataOffset: number;
  /** Where in the file the table says so. */
  tableOffset: number;
}

/** The table of tensors that the cursor stands before. Where their data lie is read, and not yet checked. */
export async function readTensors(cursor: ModelFileCursor, count: number): Promise<ListedTensor[]> {
  const tensors: ListedTensor[] = [];
  const names = new Set<string>();
  for (let index = 0; index < count; index++) {
    const tableOffset = cursor.offset;
    const field = `tensor ${index + 1} of ${count}`;
    const name = await takeName(cursor, field, MAX_TENSOR_NAME_BYTES);
    if (names.has(name)) cursor.fail(`tensor ${name}`, "comes twice", { offset: tableOffset });
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
    cursor.fail(field, `has the shape ${shape.join(" × ")}, which no file can hold`, { offset: tableOffset });
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
    return cursor.fail(field, `is negative or larger than any file in dimension ${index + 1}`, { offset });
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
    const problem = `has rows of ${row} weights, which ${type.name} cannot store: it takes ${type.weightsPerBlock} at once`;
    cursor.fail(field, problem, { offset });
  }
  const bytes = bytesOfWeights(type, weights);
  if (bytes > cursor.fileBytes) {
    cursor.failCutOff(field, `takes ${bytes} bytes, and the file has only ${cursor.fileBytes}`, offset);
  }
  return bytes;
}

/** What the numbers come to, or null where that is more than a number holds exactly: it never wraps round. */
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
      hint: "Types from 97 up are those of ik_llama.cpp. Take a file that was quantized with llama.cpp.",
    });
  }
  if (typeId > NEWEST_REMOVED_TYPE) {
    cursor.fail(field, `is stored as type ${typeId}, which this version does not know`, {
      offset,
      hint: "The type is newer than this version: update nanoagent, or take this model in another type, such as Q4_K_M or Q8_0.",
    });
  }
  cursor.fail(field, `is stored as type ${typeId}, which llama.cpp does not have, or has no more`, {
    offset,
    hint: "Take a newer file of this model, quantized with a llama.cpp of today.",
  });
}
