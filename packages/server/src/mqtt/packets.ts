import { Buffer } from "node:buffer";
import { generate, type IPublishPacket, type Packet, parser, writeToStream } from "mqtt-packet";
import type { ProtocolVersion } from "./protocol-version.js";
import { type Confirmation, type Ending, readReply, type SubscriptionReply } from "./read-reply.js";

// The library's table of encoded numbers takes 19 MB.
writeToStream.cacheNumbers = false;

/** A packet of a broker. Its numbers are in the range that the protocol allows. */
export type BrokerPacket = ConnectionReply | IncomingMessage | Confirmation | SubscriptionReply | Ending | PingReply;

export interface ConnectionReply {
  readonly kind: "connack";
  /** 0: accepted. Otherwise a code of 3.1.1 (below 128) or of 5. */
  readonly code: number;
  readonly isSessionPresent: boolean;
  /** Limits of the broker; those that it does not state are null. */
  readonly receiveMaximum: number | null;
  readonly maximumPacketBytes: number | null;
  readonly keepAliveSeconds: number | null;
  readonly canRetain: boolean;
  /** Highest quality of service that the broker accepts. */
  readonly maximumQos: number;
}

export interface IncomingMessage {
  readonly kind: "publish";
  readonly qos: 0 | 1 | 2;
  /** 0 at QoS 0. */
  readonly id: number;
  readonly isRepeated: boolean;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retain: boolean;
  readonly responseTopic: string | undefined;
  readonly correlationData: Uint8Array | undefined;
}

interface PingReply {
  readonly kind: "pingresp";
}

export interface ConnectRequest {
  readonly version: ProtocolVersion;
  readonly clientId: string;
  readonly keepAliveSeconds: number;
  /** How long the broker keeps subscriptions and messages while this client is away. 0: they end with the connection. */
  readonly sessionExpirySeconds: number;
  readonly receiveMaximum: number;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly will?: { readonly topic: string; readonly payload: string; readonly retain: boolean } | undefined;
}

export interface OutgoingMessage {
  readonly id: number;
  readonly isRepeated: boolean;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retain: boolean;
  readonly correlationData?: Uint8Array | undefined;
}

/** Decodes the packets of one connection, each given as a whole. */
export class PacketDecoder {
  readonly #parser;
  readonly #version: ProtocolVersion;
  #packet: Packet | null = null;
  #hasFailed = false;

  constructor(version: ProtocolVersion) {
    this.#version = version;
    this.#parser = parser({ protocolVersion: version });
    this.#parser.on("packet", (packet) => {
      this.#packet = packet;
    });
    this.#parser.on("error", () => {
      this.#hasFailed = true;
    });
  }

  /** Returns the packet, or null if it is not valid. Its payload is a view of `bytes`. */
  decode(bytes: Uint8Array): BrokerPacket | null {
    const reply = readReply(bytes, this.#version);
    if (reply !== undefined) return reply;
    this.#packet = null;
    this.#hasFailed = false;
    try {
      const unread = this.#parser.parse(viewOf(bytes));
      const packet = this.#packet;
      return packet === null || this.#hasFailed || unread > 0 ? null : readPacket(packet, this.#version);
    } catch {
      // Lengths inside the packet that lead beyond its end.
      return null;
    }
  }
}

function readPacket(packet: Packet, version: ProtocolVersion): BrokerPacket | null {
  switch (packet.cmd) {
    case "connack": {
      const code = version === 5 ? packet.reasonCode : packet.returnCode;
      const { properties = {} } = packet;
      if (!isInRange(code, 0, 255)) return null;
      return {
        kind: "connack",
        code,
        isSessionPresent: packet.sessionPresent === true,
        receiveMaximum: limitOf(properties.receiveMaximum),
        maximumPacketBytes: limitOf(properties.maximumPacketSize),
        keepAliveSeconds: limitOf(properties.serverKeepAlive),
        canRetain: properties.retainAvailable !== false,
        maximumQos: isInRange(properties.maximumQoS, 0, 2) ? properties.maximumQoS : 2,
      };
    }
    case "publish":
      return readMessage(packet);
    case "pingresp":
      return { kind: "pingresp" };
    default:
      return null;
  }
}

function readMessage({
  qos,
  messageId = 0,
  dup,
  topic,
  payload,
  retain,
  properties,
}: IPublishPacket & { messageId?: number }) {
  if (topic === "" || /[+#\0]/.test(topic) || typeof payload === "string") return null;
  if (qos > 0 && !isId(messageId)) return null;
  const { responseTopic, correlationData } = properties ?? {};
  return {
    kind: "publish",
    qos,
    id: qos > 0 ? messageId : 0,
    isRepeated: dup,
    topic,
    payload: bytesOf(payload),
    retain,
    responseTopic: typeof responseTopic === "string" ? responseTopic : undefined,
    correlationData: Buffer.isBuffer(correlationData) ? bytesOf(correlationData) : undefined,
  } as const;
}

export function encodeConnect(request: ConnectRequest): Uint8Array {
  const { version, clientId, keepAliveSeconds, sessionExpirySeconds, receiveMaximum, username, password, will } =
    request;
  return encode(version, {
    cmd: "connect",
    protocolVersion: version,
    clientId,
    clean: sessionExpirySeconds === 0,
    keepalive: keepAliveSeconds,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password: Buffer.from(password) }),
    ...(will !== undefined && { will: { ...will, qos: 1 } }),
    ...(version === 5 && { properties: { sessionExpiryInterval: sessionExpirySeconds, receiveMaximum } }),
  });
}

export function encodeMessage(version: ProtocolVersion, message: OutgoingMessage): Uint8Array {
  const { id, isRepeated, topic, payload, retain, correlationData } = message;
  return encode(version, {
    cmd: "publish",
    qos: 1,
    messageId: id,
    dup: isRepeated,
    topic,
    payload: viewOf(payload),
    retain,
    ...(version === 5 && correlationData !== undefined && { properties: { correlationData: viewOf(correlationData) } }),
  });
}

/** First bytes of confirmations. */
const confirmationHeads = { puback: 0x40, pubrec: 0x50, pubrel: 0x62, pubcomp: 0x70 } as const;

/** `code`: only in MQTT 5. */
export function encodeConfirmation(
  version: ProtocolVersion,
  kind: Confirmation["kind"],
  id: number,
  code = 0,
): Uint8Array {
  if (code !== 0) return encode(version, { cmd: kind, messageId: id, reasonCode: code });
  // One is sent for every message, and the library takes a kilobyte for it.
  return Buffer.from([confirmationHeads[kind], 2, id >> 8, id & 0xff]);
}

export function encodeSubscribe(
  version: ProtocolVersion,
  id: number,
  filters: readonly string[],
  qosOf: (filter: string) => 0 | 1 = () => 1,
  wantsStored: (filter: string) => boolean = () => false,
): Uint8Array {
  // In MQTT 5, the broker sends stored messages only if the subscription is new, unless they are wanted again.
  const options = (filter: string) =>
    version === 5 ? { nl: false, rap: false, rh: qosOf(filter) === 0 || wantsStored(filter) ? 0 : 1 } : {};
  const subscriptions = filters.map((topic) => ({ topic, qos: qosOf(topic), ...options(topic) }));
  return encode(version, { cmd: "subscribe", messageId: id, subscriptions });
}

export function encodeUnsubscribe(version: ProtocolVersion, id: number, filters: readonly string[]): Uint8Array {
  return encode(version, { cmd: "unsubscribe", messageId: id, unsubscriptions: [...filters] });
}

export function encodePing(): Uint8Array {
  return encode(4, { cmd: "pingreq" });
}

/** `code`: only in MQTT 5. */
export function encodeDisconnect(version: ProtocolVersion, code = 0): Uint8Array {
  return encode(version, { cmd: "disconnect", reasonCode: code });
}

function encode(version: ProtocolVersion, packet: Packet): Uint8Array {
  return generate(packet, { protocolVersion: version });
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** Returns plain bytes, because those of `Buffer` behave differently. */
function bytesOf({ buffer, byteOffset, byteLength }: Buffer): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function isId(id: unknown): id is number {
  return isInRange(id, 1, 65_535);
}

/** A limit of 0 is a violation of the protocol and counts as none. */
function limitOf(value: unknown): number | null {
  return isInRange(value, 1, 0xffff_ffff) ? value : null;
}

function isInRange(value: unknown, least: number, most: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= least && value <= most;
}
