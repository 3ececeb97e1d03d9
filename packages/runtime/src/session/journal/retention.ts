import { canBeTrue, isClockSet } from "@nanoagent/models";
import type { JournalFiles } from "./journal-files.js";
import { listSegments, readHeader, readSegment, type Segment } from "./segment.js";
import { turnOf } from "./session-state.js";

export interface Retention {
  maxBytes?: number | undefined;
  maxAgeMilliseconds?: number | undefined;
}

/** The oldest segments that exceed a limit. */
export interface PrunableSegments {
  segments: readonly Segment[];
  bytes: number;
  /** Number of the last turn in them. */
  throughTurn: number;
}

const DAY_MILLISECONDS = 24 * 60 * 60 * 1000;

/**
 * Finds the oldest segments to remove so that the rest is within these limits. The newest always stays.
 *
 * A segment is old if none of its times is younger than the limit and at least one is plausible. A segment without a
 * plausible time is old if a later one is. With `isWitnessed`, the session must also have records that were written at
 * least a day ago, when the segment was already too old. So a clock that is wrong for a few hours removes nothing.
 */
export async function findPrunable(
  files: JournalFiles,
  folder: string,
  { maxBytes, maxAgeMilliseconds }: Retention,
  { now, isWitnessed }: { now: number; isWitnessed: boolean },
): Promise<PrunableSegments> {
  const segments = await listSegments(files, folder);
  const sizes = await Promise.all(segments.map(({ path: file }) => files.size(file)));
  const ages =
    maxAgeMilliseconds === undefined || !isClockSet(now)
      ? null
      : new SegmentAges(files, segments, { now, maxAgeMilliseconds, isWitnessed });
  let total = sizes.reduce((sum, size) => sum + size, 0);
  let bytes = 0;
  let count = 0;
  for (; count < segments.length - 1; count++) {
    const isTooMuch = maxBytes !== undefined && total > maxBytes;
    if (!isTooMuch && (ages === null || !(await ages.isOld(count)))) break;
    const size = sizes[count] ?? 0;
    total -= size;
    bytes += size;
  }
  const throughTurn = count === 0 ? 0 : await lastTurnBefore(files, segments, count);
  return { segments: segments.slice(0, count), bytes, throughTurn };
}

/** Returns the number of the last turn before a segment. Reads earlier records if the segment's header is damaged. */
async function lastTurnBefore(files: JournalFiles, segments: readonly Segment[], index: number): Promise<number> {
  const header = await readHeader(files, segments[index] as Segment);
  if (header !== null) return header.turns;
  let last = 0;
  for (const segment of segments.slice(0, index)) last = Math.max(last, (await readTimes(files, segment)).lastTurn);
  return last;
}

class SegmentAges {
  readonly #files: JournalFiles;
  readonly #segments: readonly Segment[];
  readonly #limits: { now: number; maxAgeMilliseconds: number; isWitnessed: boolean };
  readonly #times = new Map<number, Promise<number[]>>();

  constructor(
    files: JournalFiles,
    segments: readonly Segment[],
    limits: { now: number; maxAgeMilliseconds: number; isWitnessed: boolean },
  ) {
    this.#files = files;
    this.#segments = segments;
    this.#limits = limits;
  }

  async isOld(index: number): Promise<boolean> {
    for (let later = index; later < this.#segments.length; later++) {
      const newest = await this.#newestOf(later);
      if (newest === null) continue;
      return this.#isBeyond(newest) && (await this.#isWitnessed(later, newest));
    }
    return false;
  }

  #isBeyond(time: number): boolean {
    return this.#limits.now - time > this.#limits.maxAgeMilliseconds;
  }

  /**
   * Returns the newest plausible time of a segment, or null. Reads the whole segment only if the headers are not
   * enough.
   */
  async #newestOf(index: number): Promise<number | null> {
    const { now } = this.#limits;
    for (const near of [index, index + 1]) {
      const segment = this.#segments[near];
      const header = segment === undefined ? null : await readHeader(this.#files, segment);
      const time = header === null ? Number.NaN : Date.parse(header.created_at);
      if (canBeTrue(time, now) && !this.#isBeyond(time)) return time;
    }
    const times = await this.#timesOf(index);
    return times.length === 0 ? null : times.reduce((newest, time) => Math.max(newest, time));
  }

  async #isWitnessed(index: number, newest: number): Promise<boolean> {
    const { now, maxAgeMilliseconds, isWitnessed } = this.#limits;
    if (!isWitnessed) return true;
    // A time that later records contradict came from a clock that was set back.
    let earliestLater = now;
    for (let later = this.#segments.length - 1; later > index; later--) {
      for (const time of (await this.#timesOf(later)).toReversed()) {
        const isCredible = time <= earliestLater && time <= now - DAY_MILLISECONDS;
        if (isCredible && time >= newest + maxAgeMilliseconds) return true;
        earliestLater = Math.min(earliestLater, time);
      }
    }
    return false;
  }

  #timesOf(index: number): Promise<number[]> {
    const known = this.#times.get(index);
    if (known !== undefined) return known;
    const { now } = this.#limits;
    const read = readTimes(this.#files, this.#segments[index] as Segment).then(({ times }) =>
      times.filter((time) => canBeTrue(time, now)),
    );
    this.#times.set(index, read);
    return read;
  }
}

/** Reads the times of a segment's records. Unreadable parts have none. */
async function readTimes(files: JournalFiles, segment: Segment): Promise<{ times: number[]; lastTurn: number }> {
  const times: number[] = [];
  let lastTurn = 0;
  try {
    for await (const lines of readSegment(files, segment)) {
      for (const { record } of lines) {
        if (record?.type === "segment") times.push(Date.parse(record.created_at));
        if (record !== null) lastTurn = Math.max(lastTurn, turnOf(record) ?? 0);
        if (record?.type === "turn") times.push(Date.parse(record.messages.at(-1)?.timestamp ?? ""));
      }
    }
  } catch {
    // An unreadable segment still counts by its size.
  }
  return { times, lastTurn };
}
