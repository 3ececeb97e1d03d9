import type { ProtocolVersion } from "./protocol-version.js";

/** Kinds of packets that are read here, by their number. */
const kinds: Readonly<Record<number, Reply["kind"]>> = {
  4: "puback",
  5: "pubrec",
  6: "pubrel",
  7: "pubcomp",
  9: "suback",
  11: "unsuback",
  14: "disconnect",
};
/** Bytes of a packet's number. */
const ID_BYTES = 2;
/** Codes of SUBACK below are qualities of service. */
const FIRST_REFUSAL = 0x80;
const MAX_QOS = 2;
/** Most bytes of a length. */
const MAX_LENGTH_BYTES = 4;

export interface Confirmation {
  readonly kind: "puback" | "pubrec" | "pubrel" | "pubcomp";
  readonly id: number;
  /** Below 128: success. Always 0 in 3.1.1. */
  readonly code: number;
}

export interface SubscriptionReply {
  readonly kind: "suback" | "unsuback";
  readonly id: number;
  /** One code a filter, in the order of the request; none in an UNSUBACK of 3.1.1. */
  readonly codes: readonly number[];
}

/** A broker of MQTT 5 says why it ends the connection. */
export interface Ending {
  readonly kind: "disconnect";
  readonly code: number;
}

/** A packet that has little besides its codes. */
export type Reply = Confirmation | SubscriptionReply | Ending;

/**
 * Reads a whole packet that answers one of this side, or that ends the connection. Returns null if it is not valid, and undefined
 * for other kinds. The library refuses codes that it does not know, and brokers use more than its list has: Mosquitto answers a
 * message that is too large with 0x95. A refusal must not count as a fault, or the same message is sent again at each connection.
 */
export function readReply(bytes: Uint8Array, version: ProtocolVersion): Reply | null | undefined {
  const kind = kinds[(bytes[0] ?? 0) >> 4];
  if (kind === undefined) return undefined;
  const body = bytes.subarray(1 + lengthBytes(bytes, 1));
  if (kind === "disconnect") return readEnding(body, version);
  const id = ((body[0] ?? 0) << 8) | (body[1] ?? 0);
  if (id === 0 || body.length < ID_BYTES) return null;
  const rest = body.subarray(ID_BYTES);
  if (kind === "suback" || kind === "unsuback") return readCodes(kind, id, rest, version);
  if (version === 4) return { kind, id, code: 0 };
  return propertiesEnd(rest, 1) === null ? null : { kind, id, code: rest[0] ?? 0 };
}

function readEnding(body: Uint8Array, version: ProtocolVersion): Ending | null {
  if (version === 4 || propertiesEnd(body, 1) === null) return null;
  return { kind: "disconnect", code: body[0] ?? 0 };
}

function readCodes(
  kind: SubscriptionReply["kind"],
  id: number,
  rest: Uint8Array,
  version: ProtocolVersion,
): SubscriptionReply | null {
  if (version === 4 && kind === "unsuback") return { kind, id, codes: [] };
  const start = version === 5 ? propertiesEnd(rest, 0) : 0;
  if (start === null) return null;
  const codes = [...rest.subarray(start)];
  const isValid = kind === "unsuback" || codes.every((code) => code <= MAX_QOS || code >= FIRST_REFUSAL);
  return isValid ? { kind, id, codes } : null;
}

/** Returns where the properties that begin at a place end, or null if they lead beyond the packet. They may be left out. */
function propertiesEnd(bytes: Uint8Array, at: number): number | null {
  if (bytes.length <= at) return at;
  const count = lengthBytes(bytes, at);
  let length = 0;
  for (let place = at + count - 1; place >= at; place--) length = length * 0x80 + ((bytes[place] ?? 0) & 0x7f);
  const end = at + count + length;
  return count > MAX_LENGTH_BYTES || end > bytes.length ? null : end;
}

/** Number of bytes of a length: all but its last have the highest bit. */
function lengthBytes(bytes: Uint8Array, at: number): number {
  let count = 1;
  while ((bytes[at + count - 1] ?? 0) >= 0x80) count += 1;
  return count;
}
