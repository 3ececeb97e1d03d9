/** One result or one input of a computation. */
export interface ComputeStep {
  /** Size of its buffer, in bytes. */
  reservedBytes: number;
  /** Bytes of the buffer that the computation writes. */
  writtenBytes: number;
  /** Operands, as indexes into the list of steps. An empty list marks an input of the whole computation. */
  from: readonly number[];
  /** Operands of the same size that this step can overwrite: the first one with no other reader left is used. */
  takesRoomOf: readonly number[];
  /** Whether the buffer must stay valid until the end. */
  isOutput: boolean;
}

/** Size of one buffer that holds every step of a computation for as long as it is needed. */
export interface BufferLayout {
  /** Bytes to allocate. */
  reservedBytes: number;
  /** Bytes of the pages that are written. */
  residentBytes: number;
}

/** Alignment of each step: ggml's tensor alignment on CPUs. */
const STEP_ALIGNMENT_BYTES = 32;

/** Smallest page size of supported systems. With larger pages up to 0.1 MB more is touched. */
const PAGE_BYTES = 4096;

/**
 * Computes the buffer that ggml's graph allocator reserves for a computation. Inputs are placed first. A result then
 * overwrites an operand that nothing else reads, where that is allowed; otherwise it goes into the smallest gap that is
 * large enough (the last of equal gaps), or to the end. A buffer is freed after its last reader.
 */
export function layOutBuffers(steps: readonly ComputeStep[]): BufferLayout {
  const readersLeft = countReaders(steps);
  const arena = new Arena();
  const rooms = new Map<number, number>();
  const written: Range[] = [];

  const settle = (index: number, step: ComputeStep, offset: number) => {
    rooms.set(index, offset);
    if (step.writtenBytes > 0) written.push({ start: offset, end: offset + step.writtenBytes });
  };

  for (const [index, step] of steps.entries()) {
    if (step.from.length === 0) settle(index, step, arena.take(step.reservedBytes));
  }
  for (const [index, step] of steps.entries()) {
    if (step.from.length === 0) continue;
    const giver = step.takesRoomOf.find(
      (candidate) => rooms.has(candidate) && readersLeft[candidate] === 1 && !steps[candidate]?.isOutput,
    );
    if (giver === undefined) {
      settle(index, step, arena.take(step.reservedBytes));
    } else {
      settle(index, step, rooms.get(giver) ?? 0);
      rooms.delete(giver);
    }
    for (const source of step.from) {
      const left = (readersLeft[source] ?? 0) - 1;
      readersLeft[source] = left;
      const offset = rooms.get(source);
      if (left > 0 || offset === undefined || steps[source]?.isOutput) continue;
      arena.giveBack(offset, steps[source]?.reservedBytes ?? 0);
      rooms.delete(source);
    }
  }
  return { reservedBytes: arena.highestEnd, residentBytes: bytesOfPages(written) };
}

function countReaders(steps: readonly ComputeStep[]): number[] {
  const readers = new Array<number>(steps.length).fill(0);
  for (const { from } of steps) for (const source of from) readers[source] = (readers[source] ?? 0) + 1;
  return readers;
}

interface Range {
  start: number;
  end: number;
}

/** An address space without an upper limit, with gaps where buffers were freed. */
class Arena {
  highestEnd = 0;
  /** Sorted by offset. Gaps never touch each other or `#end`. */
  #gaps: Range[] = [];
  #end = 0;

  take(bytes: number): number {
    const size = aligned(bytes);
    let best: Range | undefined;
    for (const gap of this.#gaps) {
      const room = gap.end - gap.start;
      if (room >= size && (best === undefined || room <= best.end - best.start)) best = gap;
    }
    if (best !== undefined) {
      const offset = best.start;
      best.start += size;
      if (best.start === best.end) this.#gaps = this.#gaps.filter((gap) => gap !== best);
      return offset;
    }
    const offset = this.#end;
    this.#end += size;
    this.highestEnd = Math.max(this.highestEnd, this.#end);
    return offset;
  }

  giveBack(offset: number, bytes: number): void {
    const freed = { start: offset, end: offset + aligned(bytes) };
    const before = this.#gaps.find((gap) => gap.end === freed.start);
    const after = this.#gaps.find((gap) => gap.start === freed.end);
    if (before !== undefined) freed.start = before.start;
    if (after !== undefined) freed.end = after.end;
    this.#gaps = this.#gaps.filter((gap) => gap !== before && gap !== after);
    if (freed.end === this.#end) {
      this.#end = freed.start;
      return;
    }
    const place = this.#gaps.findIndex((gap) => gap.start > freed.start);
    this.#gaps.splice(place < 0 ? this.#gaps.length : place, 0, freed);
  }
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / STEP_ALIGNMENT_BYTES) * STEP_ALIGNMENT_BYTES;
}

/** Returns the total size of the pages that the ranges touch. */
function bytesOfPages(ranges: readonly Range[]): number {
  const inOrder = [...ranges].sort((one, other) => one.start - other.start);
  let pages = 0;
  let nextPage = 0;
  for (const { start, end } of inOrder) {
    const first = Math.max(nextPage, Math.floor(start / PAGE_BYTES));
    const last = Math.ceil(end / PAGE_BYTES);
    if (last > first) pages += last - first;
    nextPage = Math.max(nextPage, last);
  }
  return pages * PAGE_BYTES;
}
