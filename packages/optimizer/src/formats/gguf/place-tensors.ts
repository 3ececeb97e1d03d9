import type { ModelFileCursor } from "../model-file-cursor.js";
import type { GgufTensor } from "./gguf-header.js";
import { padTo } from "./pad-to.js";
import type { ListedTensor } from "./read-tensors.js";

/**
 * Checks that each tensor begins where the previous one ends, and that all lie inside the file. Returns the tensors.
 */
export function placeTensors(
  cursor: ModelFileCursor,
  listed: readonly ListedTensor[],
  dataOffset: number,
  alignmentBytes: number,
): GgufTensor[] {
  let expected = 0;
  return listed.map(({ dataOffset: stated, tableOffset, ...tensor }) => {
    const field = `tensor ${tensor.name}`;
    if (stated !== expected) {
      const found = Number.isFinite(stated) ? stated : "a negative or far too large offset";
      const problem = `has the data offset ${found}, but the previous tensor ends at ${expected}`;
      cursor.fail(field, problem, { offset: tableOffset });
    }
    const end = dataOffset + stated + tensor.bytes;
    if (end > cursor.fileBytes) {
      cursor.failCutOff(field, `ends at byte ${end}, but the file has only ${cursor.fileBytes} bytes`, tableOffset);
    }
    expected = padTo(stated + tensor.bytes, alignmentBytes);
    return { ...tensor, offset: dataOffset + stated };
  });
}

/** Returns the end of the last tensor; `headerEnd` if there are none. */
export function lastByte(tensors: readonly GgufTensor[], headerEnd: number): number {
  return tensors.reduce((end, { offset, bytes }) => Math.max(end, offset + bytes), headerEnd);
}
