import { countJsonValues } from "../http/count-json-values.js";

/** Largest frame: line, data and payload together. A longer one ends the connection, whatever length it announces. */
export const MAX_FRAME_BYTES = 1024 * 1024;
/** First size of the buffer of a frame. Most frames fit. */
const FIRST_BUFFER_BYTES = 1024;
/** Deepest nesting of a line or a data block: that of the bodies of other clients. */
const MAX_LEVELS = 200;
/** Most values of a line or a data block. A megabyte of `{},{},…` would become 20 MB of memory. */
const MAX_VALUES = 10_000;
/** Memory of an event without data. */
const EVENT_BYTES = 128;
/** Memory of a kept line or block besides its bytes. */
const PART_BYTES = 256;
/** The parts of all events without data: thousands of them can wait. */
const NO_PARTS: readonly Part[] = [];
const NEWLINE = 10;

/** An event of the protocol, without its payload. Its data is not parsed: {@link readEventData} does it. */
export interface WyomingEvent {
  readonly type: string;
  /** Bytes of JSON with the data: the line, if it has data, and the block. Empty for an event that nobody wants. */
  readonly parts: readonly Part[];
  /** Memory of the event, in bytes. */
  readonly bytes: number;
}

interface Part {
  readonly place: "line" | "block";
  readonly json: Uint8Array;
}

/** Why the bytes of a peer cannot be read any further. */
export type FrameFault =
  | "frame-too-large"
  | "frame-too-complex"
  | "length-not-valid"
  | "line-not-valid"
  | "data-not-valid";

/** A frame whose line was read. */
interface Begun {
  readonly type: string;
  readonly isWanted: boolean;
  readonly parts: readonly Part[];
  /** Bytes of the block that are kept. */
  readonly dataBytes: number;
}

/**
 * Reads events from bytes that come in pieces of any size. A frame is one line of JSON with `type`, `data`, `data_length`
 * and `payload_length`, then a block of JSON whose members replace those of `data`, then a payload, which is skipped.
 *
 * - At most {@link MAX_FRAME_BYTES} are kept. The announced lengths are checked before a block is read.
 * - Data stays bytes, which are checked for levels and values. The blocks of events that nobody wants are skipped.
 * - After a fault, nothing is read any more.
 */
export class FrameReader {
  readonly #isWanted: (type: string) => boolean;
  #fault: FrameFault | null = null;
  /** Bytes of the line, or of the data block, so far. */
  #buffer = new Uint8Array(0);
  #keptBytes = 0;
  /** The frame whose blocks are read. Null while a line is read. */
  #begun: Begun | null = null;
  /** Bytes to skip that are still to come, such as the payload. */
  #skippedLeft = 0;

  /** `isWanted`: whether anybody reads the data of the events of a type. */
  constructor(isWanted: (type: string) => boolean) {
    this.#isWanted = isWanted;
  }

  get fault(): FrameFault | null {
    return this.#fault;
  }

  /** Memory for the frame that is not complete, in bytes. */
  get bufferBytes(): number {
    return this.#buffer.length + bytesOf(this.#begun?.parts ?? []);
  }

  /** Whether the last frame is not complete. */
  get isWithinFrame(): boolean {
    return this.#keptBytes > 0 || this.#begun !== null;
  }

  /** Reads the next bytes, and returns the events that they complete: those before a fault. Never throws. */
  push(bytes: Uint8Array): WyomingEvent[] {
    const events: WyomingEvent[] = [];
    let at = 0;
    while (at < bytes.length && this.#fault === null) {
      const rest = bytes.subarray(at);
      if (this.#begun === null) at += this.#readLine(rest);
      else if (this.#keptBytes < this.#begun.dataBytes) at += this.#readData(rest, this.#begun);
      else at += this.#skip(rest);
      this.#endFrame(events);
    }
    if (this.#fault !== null) {
      this.#begun = null;
      this.#release();
    }
    return events;
  }

  #readLine(bytes: Uint8Array): number {
    const end = bytes.indexOf(NEWLINE);
    const length = end < 0 ? bytes.length : end;
    const lineBytes = this.#keptBytes + length + 1;
    if (lineBytes > MAX_FRAME_BYTES) this.#fault = "frame-too-large";
    else {
      this.#keep(bytes.subarray(0, length));
      if (end >= 0) this.#begin(this.#takeKept(), lineBytes);
    }
    return length + 1;
  }

  #begin(json: Uint8Array, lineBytes: number): void {
    if (this.#isTooComplex(json)) return;
    const line = parseObject(json);
    const data = line === null ? null : dataOf(line.data);
    if (line === null || data === null || typeof line.type !== "string") {
      this.#fault = "line-not-valid";
      return;
    }
    const dataBytes = lengthOf(line.data_length);
    const payloadBytes = lengthOf(line.payload_length);
    if (dataBytes === null || payloadBytes === null) this.#fault = "length-not-valid";
    else if (lineBytes + dataBytes + payloadBytes > MAX_FRAME_BYTES) this.#fault = "frame-too-large";
    else {
      const isWanted = this.#isWanted(line.type);
      const hasData = isWanted && Object.keys(data).length > 0;
      const parts = hasData ? [{ place: "line", json: json.slice() } as const] : NO_PARTS;
      this.#begun = { type: line.type, isWanted, parts, dataBytes: isWanted ? dataBytes : 0 };
      this.#skippedLeft = payloadBytes + (isWanted ? 0 : dataBytes);
    }
  }

  #isTooComplex(json: Uint8Array): boolean {
    const isTooComplex = typeof countJsonValues(json, MAX_LEVELS, MAX_VALUES) === "string";
    if (isTooComplex) this.#fault = "frame-too-complex";
    return isTooComplex;
  }

  #readData(bytes: Uint8Array, { dataBytes }: Begun): number {
    const length = Math.min(bytes.length, dataBytes - this.#keptBytes);
    this.#keep(bytes.subarray(0, length));
    return length;
  }

  #skip(bytes: Uint8Array): number {
    const length = Math.min(bytes.length, this.#skippedLeft);
    this.#skippedLeft -= length;
    return length;
  }

  /** Adds the event of the frame if it is complete. */
  #endFrame(events: WyomingEvent[]): void {
    const begun = this.#begun;
    if (begun === null || this.#skippedLeft > 0 || this.#keptBytes < begun.dataBytes) return;
    this.#begun = null;
    let { parts } = begun;
    if (begun.dataBytes > 0) {
      const json = this.#takeKept();
      if (this.#isTooComplex(json)) return;
      parts = [...parts, { place: "block", json: json.slice() }];
    }
    events.push({ type: begun.type, parts, bytes: EVENT_BYTES + bytesOf(parts) });
  }

  /** Copies bytes: the pieces of a peer that sends single bytes would take a hundred times their length. */
  #keep(bytes: Uint8Array): void {
    const length = this.#keptBytes + bytes.length;
    if (length > this.#buffer.length) {
      const size = Math.min(MAX_FRAME_BYTES, Math.max(FIRST_BUFFER_BYTES, 2 ** Math.ceil(Math.log2(length))));
      const larger = new Uint8Array(size);
      larger.set(this.#buffer.subarray(0, this.#keptBytes));
      this.#buffer = larger;
    }
    this.#buffer.set(bytes, this.#keptBytes);
    this.#keptBytes = length;
  }

  #takeKept(): Uint8Array {
    const kept = this.#buffer.subarray(0, this.#keptBytes);
    this.#release();
    return kept;
  }

  #release(): void {
    this.#buffer = new Uint8Array(0);
    this.#keptBytes = 0;
  }
}

function bytesOf(parts: readonly Part[]): number {
  return parts.reduce((sum, { json }) => sum + PART_BYTES + json.length, 0);
}

/** Parses the data of an event. Returns null if its block is not an object of JSON. */
export function readEventData({ parts }: WyomingEvent): Record<string, unknown> | null {
  let data: Record<string, unknown> = {};
  for (const { place, json } of parts) {
    const value = parseObject(json);
    const found = place === "line" ? dataOf(value?.data) : value;
    if (found === null) return null;
    data = { ...data, ...found };
  }
  return data;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function parseObject(bytes: Uint8Array): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(utf8.decode(bytes));
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Returns the data in a line, empty if it has none, or null if it is not an object. */
function dataOf(value: unknown): Record<string, unknown> | null {
  if (value === undefined || value === null) return {};
  return isRecord(value) ? value : null;
}

/** Returns a length in a line, 0 if it has none, or null for anything but a count of bytes. */
function lengthOf(value: unknown): number | null {
  if (value === undefined || value === null) return 0;
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : null;
}
