import { Buffer } from "node:buffer";
import { type BrokerPacket, PacketDecoder } from "./packets.js";
import type { ProtocolVersion } from "./protocol-version.js";

/** Largest packet that is kept in memory. A sensor's message has a few hundred bytes, a small picture fits. */
export const MAX_PACKET_BYTES = 256 * 1024;
/** First size of the buffer of a packet that comes in pieces. Most packets fit. */
const FIRST_BUFFER_BYTES = 1024;
/** Most bytes of the length in a packet's head. */
const MAX_LENGTH_BYTES = 4;
/** Topic and number of a message that is skipped: 2 bytes, at most 65,535 bytes, 2 bytes. */
const MAX_MESSAGE_HEAD_BYTES = 65_539;
const PUBLISH = 3;
const PUBREL = 6;
const DISCONNECT = 14;
/** Kinds of packets that a broker may send, by their number, besides DISCONNECT of MQTT 5. */
const brokerKinds: ReadonlySet<number> = new Set([2, PUBLISH, 4, 5, PUBREL, 7, 9, 11, 13]);

/** A message that was skipped because it is larger than {@link MAX_PACKET_BYTES}. */
export interface SkippedMessage {
  readonly kind: "skipped";
  readonly topic: string;
  readonly qos: number;
  readonly id: number;
  readonly bytes: number;
}

/**
 * Reads packets from bytes that come in pieces of any size.
 *
 * - At most {@link MAX_PACKET_BYTES} are kept besides the last piece. Larger messages are skipped as they come.
 * - After a fault, nothing is read any more.
 */
export class PacketReader {
  readonly #decoder: PacketDecoder;
  readonly #version: ProtocolVersion;
  #piece: Uint8Array = new Uint8Array(0);
  /** Position in the last piece. */
  #at = 0;
  /** Head of the packet, then its body. */
  #buffer = new Uint8Array(FIRST_BUFFER_BYTES);
  #keptBytes = 0;
  #headBytes = 0;
  #skippedBytes = 0;
  /** Length of the body, or null while the head is read. */
  #length: number | null = null;
  #hasFault = false;

  constructor(version: ProtocolVersion) {
    this.#version = version;
    this.#decoder = new PacketDecoder(version);
  }

  /** Whether the bytes violate the protocol. */
  get hasFault(): boolean {
    return this.#hasFault;
  }

  /** Adds bytes. */
  push(piece: Uint8Array): void {
    const unread = this.#piece.subarray(this.#at);
    this.#piece = unread.length === 0 ? piece : Buffer.concat([unread, piece]);
    this.#at = 0;
  }

  /** Copies the bytes that are not read, so that the memory of the piece can be used again. */
  detach(): void {
    this.#piece = this.#piece.slice(this.#at);
    this.#at = 0;
  }

  /** Returns the next packet, or null if it is not complete. Never throws. */
  next(): BrokerPacket | SkippedMessage | null {
    while (!this.#hasFault) {
      if (this.#length === null) {
        if (this.#at === this.#piece.length) return null;
        this.#readHeadByte(this.#piece[this.#at++] as number);
        continue;
      }
      const total = this.#headBytes + this.#length;
      const keptLength = this.#isKept ? total : this.#headBytes + MAX_MESSAGE_HEAD_BYTES;
      this.#keep(Math.min(keptLength, total), total);
      const missing = total - this.#keptBytes - this.#skippedBytes;
      const skipped = this.#keptBytes < keptLength ? 0 : Math.min(missing, this.#piece.length - this.#at);
      this.#skippedBytes += skipped;
      this.#at += skipped;
      if (missing > skipped) return null;
      return this.#finish();
    }
    return null;
  }

  get #isKept(): boolean {
    return (this.#length ?? 0) <= MAX_PACKET_BYTES;
  }

  #readHeadByte(byte: number): void {
    this.#buffer[this.#keptBytes++] = byte;
    const kind = (this.#buffer[0] as number) >> 4;
    if (this.#keptBytes === 1) {
      const isKnown = brokerKinds.has(kind) || (kind === DISCONNECT && this.#version === 5);
      // Text such as that of a web server is noticed at its first character.
      const hasFlags = kind === PUBLISH || (byte & 0xf) === (kind === PUBREL ? 2 : 0);
      this.#hasFault = !isKnown || !hasFlags;
      return;
    }
    if (byte >= 0x80) {
      this.#hasFault = this.#keptBytes > MAX_LENGTH_BYTES;
      return;
    }
    let length = 0;
    for (let place = this.#keptBytes - 1; place > 0; place--)
      length = length * 0x80 + ((this.#buffer[place] as number) & 0x7f);
    this.#headBytes = this.#keptBytes;
    this.#length = length;
    // Only messages can be that large.
    this.#hasFault = !this.#isKept && kind !== PUBLISH;
  }

  /** Copies bytes of the piece until `wanted` are kept: a small packet must not hold a piece of 64 KB in memory. */
  #keep(wanted: number, total: number): void {
    const bytes = this.#piece.subarray(this.#at, this.#at + wanted - this.#keptBytes);
    const length = this.#keptBytes + bytes.length;
    if (length > this.#buffer.length) {
      const larger = new Uint8Array(
        length === total ? total : Math.min(wanted, Math.max(length, 2 * this.#buffer.length)),
      );
      larger.set(this.#buffer.subarray(0, this.#keptBytes));
      this.#buffer = larger;
    }
    this.#buffer.set(bytes, this.#keptBytes);
    this.#keptBytes = length;
    this.#at += bytes.length;
  }

  #finish(): BrokerPacket | SkippedMessage | null {
    const bytes = this.#buffer.subarray(0, this.#keptBytes);
    const packet = this.#isKept ? this.#decoder.decode(this.#takeBytes(bytes)) : this.#readSkipped(bytes);
    this.#hasFault = packet === null;
    this.#keptBytes = 0;
    this.#headBytes = 0;
    this.#skippedBytes = 0;
    this.#length = null;
    if (this.#buffer.length > FIRST_BUFFER_BYTES) this.#buffer = new Uint8Array(FIRST_BUFFER_BYTES);
    return packet;
  }

  /** Returns bytes that the packet may keep. */
  #takeBytes(bytes: Uint8Array): Uint8Array {
    const isOwn = bytes.length > FIRST_BUFFER_BYTES && bytes.length === this.#buffer.length;
    // Node cuts small buffers from a larger one. One of its own for each packet would take memory for a while.
    return isOwn ? bytes : Buffer.from(bytes);
  }

  #readSkipped(bytes: Uint8Array): SkippedMessage | null {
    const qos = ((bytes[0] as number) >> 1) & 3;
    const body = new DataView(bytes.buffer, bytes.byteOffset + this.#headBytes, bytes.length - this.#headBytes);
    const topicEnd = 2 + body.getUint16(0);
    const id = qos === 0 ? 0 : body.getUint16(topicEnd);
    if (qos === 3 || (qos > 0 && id === 0)) return null;
    const topic = new TextDecoder().decode(bytes.subarray(this.#headBytes + 2, this.#headBytes + topicEnd));
    return { kind: "skipped", topic, qos, id, bytes: this.#length ?? 0 };
  }
}
