/** Types of packets, the first four bits. */
export const packetTypes = {
  connect: 1,
  connack: 2,
  publish: 3,
  puback: 4,
  pingreq: 12,
  disconnect: 14,
} as const;

/** A whole packet. */
export interface Packet {
  readonly type: number;
  readonly flags: number;
  /** All after the fixed header. */
  readonly body: Buffer;
}

/** A message at QoS 1. */
export interface Publish {
  readonly id: number;
  readonly topic: string;
  readonly payload: string;
}

/**
 * Splits the bytes of one direction of a connection into packets. It knows nothing of the client that is tested, so that
 * both cannot be wrong in the same way.
 */
export class PacketSplitter {
  #rest = Buffer.alloc(0);

  take(bytes: Buffer): Packet[] {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const packets: Packet[] = [];
    for (;;) {
      const header = readLength(this.#rest, 1);
      const first = this.#rest[0];
      if (header === null || first === undefined || this.#rest.length < header.end + header.length) return packets;
      const end = header.end + header.length;
      packets.push({ type: first >> 4, flags: first & 15, body: this.#rest.subarray(header.end, end) });
      this.#rest = this.#rest.subarray(end);
    }
  }
}

/** Returns a message at QoS 1, or null for any other. `version` is 4 for MQTT 3.1.1. */
export function readPublish({ type, flags, body }: Packet, version: number): Publish | null {
  if (type !== packetTypes.publish || ((flags >> 1) & 3) !== 1) return null;
  const topicEnd = 2 + body.readUInt16BE(0);
  const id = body.readUInt16BE(topicEnd);
  const properties = version < 5 ? { end: topicEnd + 2, length: 0 } : readLength(body, topicEnd + 2);
  if (properties === null) throw new Error("A PUBLISH ends within its properties.");
  const payload = body.subarray(properties.end + properties.length);
  return { id, topic: body.toString("utf8", 2, topicEnd), payload: payload.toString("utf8") };
}

/** Returns the id of an acknowledged message, or null. A PUBACK with a failure acknowledges nothing. */
export function readPuback({ type, body }: Packet): number | null {
  if (type !== packetTypes.puback || (body[2] ?? 0) >= 0x80) return null;
  return body.readUInt16BE(0);
}

/** Returns the version in a CONNECT, or null for another packet. */
export function readVersion({ type, body }: Packet): number | null {
  return type === packetTypes.connect ? (body[2 + body.readUInt16BE(0)] ?? null) : null;
}

/** Writes a CONNECT of MQTT 3.1.1, with a clean session and without a keep-alive. */
export function writeConnect(clientId: string): Buffer {
  return writePacket(packetTypes.connect << 4, [text("MQTT"), Buffer.from([4, 2, 0, 0]), text(clientId)]);
}

export function writePublish({ id, topic, payload }: Publish): Buffer {
  const number = Buffer.alloc(2);
  number.writeUInt16BE(id);
  return writePacket((packetTypes.publish << 4) | 2, [text(topic), number, Buffer.from(payload)]);
}

function writePacket(first: number, parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const header = [first];
  let length = body.length;
  do {
    header.push((length & 127) | (length > 127 ? 128 : 0));
    length >>= 7;
  } while (length > 0);
  return Buffer.concat([Buffer.from(header), body]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** Reads a number of up to four bytes with seven bits each. Null: more bytes are needed. */
function readLength(bytes: Buffer, begin: number): { end: number; length: number } | null {
  let length = 0;
  for (let index = 0; index < 4; index++) {
    const byte = bytes[begin + index];
    if (byte === undefined) return null;
    length |= (byte & 127) << (7 * index);
    if (byte < 128) return { end: begin + index + 1, length };
  }
  throw new Error("The length of a packet is not valid.");
}
