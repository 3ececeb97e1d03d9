import { Buffer } from "node:buffer";
import type { IncomingMessages } from "./incoming-messages.js";
import { announcedKeepAlive, KeepAlive } from "./keep-alive.js";
import type { ByteStream } from "./open-stream.js";
import { type OutgoingMessages, PACKET_TOO_LARGE } from "./outgoing-messages.js";
import type { PacketIds } from "./packet-ids.js";
import { PacketReader, type SkippedMessage } from "./packet-reader.js";
import {
  type BrokerPacket,
  type ConnectionReply,
  type ConnectRequest,
  encodeConfirmation,
  encodeConnect,
  encodeDisconnect,
  encodeMessage,
  encodePing,
  encodeSubscribe,
  encodeUnsubscribe,
  type IncomingMessage,
} from "./packets.js";
import type { Ending } from "./read-reply.js";

/** Filters in a packet: some brokers take no more. */
const FILTERS_PER_PACKET = 8;
/** Time for the last bytes of a connection that ends. */
const LAST_BYTES_MILLISECONDS = 1000;
/** Code of MQTT 5 for a number that is not known. */
const UNKNOWN_ID = 0x92;
/** Codes of MQTT 5 in DISCONNECT. */
const MALFORMED_PACKET = 0x81;

/** How a connection ended. */
export type ClientEnd =
  /** The broker refused it. */
  | { readonly kind: "refused"; readonly code: number }
  /** The broker of MQTT 5 ended it and said why. */
  | { readonly kind: "disconnected"; readonly code: number }
  | { readonly kind: "closed" }
  | { readonly kind: "failed"; readonly error: Error }
  /** No sign of the broker in time. */
  | { readonly kind: "silent" }
  /** The broker violated the protocol. */
  | { readonly kind: "malformed" }
  /** This side closed it. */
  | { readonly kind: "left" };

export interface ClientParts {
  readonly stream: ByteStream;
  /** Its keep-alive is that of the config. The broker is told a shorter one. */
  readonly request: ConnectRequest;
  /** Longest time until the broker accepts the connection. */
  readonly connectMilliseconds: number;
  readonly incoming: IncomingMessages;
  readonly outgoing: OutgoingMessages;
  readonly ids: PacketIds;
  /** Resolves when messages can be sent. */
  readonly onConnected: (reply: ConnectionReply) => Promise<void>;
  readonly onSkipped: (message: SkippedMessage) => void;
  /** Called once. */
  readonly onEnd: (end: ClientEnd) => void;
}

/** The protocol on one connection to a broker, from CONNECT to the end of its stream of bytes. */
export class MqttClient {
  readonly #parts: ClientParts;
  readonly #reader: PacketReader;
  readonly #output: Uint8Array[] = [];
  /** Subscriptions and their ends that wait for an answer, by number. */
  readonly #requests = new Map<number, (codes: readonly number[]) => void>();
  #connectTimer: ReturnType<typeof setTimeout> | null;
  #keepAlive: KeepAlive | null = null;
  #isConnected = false;
  #isEnded = false;
  #isPaused = false;

  constructor(parts: ClientParts) {
    this.#parts = parts;
    const { stream, request, connectMilliseconds } = parts;
    this.#reader = new PacketReader(request.version);
    stream.onBytes((piece) => {
      if (this.#isEnded) return;
      this.#keepAlive?.noteReceived();
      this.#reader.push(piece);
      this.#read();
      // Also while nothing is read: TLS may have bytes that it has decrypted already.
      this.#reader.detach();
    });
    const { socket } = stream;
    socket.on("error", (error: Error) => this.#end(endOfError(error)));
    socket.on("end", () => this.#end({ kind: "closed" }));
    socket.on("close", () => this.#end({ kind: "closed" }));
    this.#connectTimer = setTimeout(() => this.#end({ kind: "silent" }), connectMilliseconds);
    this.#write(encodeConnect({ ...request, keepAliveSeconds: announcedKeepAlive(request.keepAliveSeconds) }));
  }

  /** Continues to read after `incoming` was full. */
  resume(): void {
    if (!this.#isPaused || this.#isEnded) return;
    this.#isPaused = false;
    this.#read();
    if (this.#isPaused || this.#isEnded) return;
    if (this.#keepAlive !== null) this.#keepAlive.isReadingPaused = false;
    this.#parts.stream.socket.resume();
  }

  /** Calls back with the code of each filter, unless the connection ends before. */
  subscribe(
    filters: readonly string[],
    onReply: (filter: string, code: number) => void,
    qosOf: (filter: string) => 0 | 1 = () => 1,
    wantsStored: (filter: string) => boolean = () => false,
  ): void {
    for (const part of inParts(filters)) {
      const answer = (codes: readonly number[]) => {
        for (const [place, filter] of part.entries()) onReply(filter, codes[place] ?? 0x80);
      };
      this.#write(encodeSubscribe(this.#version, this.#request(answer), part, qosOf, wantsStored));
    }
  }

  /** Calls back when the broker has forgotten all filters, unless the connection ends before. */
  unsubscribe(filters: readonly string[], onDone: () => void): void {
    const parts = inParts(filters);
    let left = parts.length;
    const answer = () => {
      left -= 1;
      if (left === 0) onDone();
    };
    for (const part of parts) this.#write(encodeUnsubscribe(this.#version, this.#request(answer), part));
  }

  /** Ends the connection so that the broker does not publish the will. */
  leave(): void {
    if (this.#isEnded) return;
    if (this.#isConnected) this.#write(encodeDisconnect(this.#version));
    this.#end({ kind: "left" });
  }

  get #version() {
    return this.#parts.request.version;
  }

  #request(answer: (codes: readonly number[]) => void): number {
    const id = this.#parts.ids.take();
    this.#requests.set(id, answer);
    return id;
  }

  #read(): void {
    const { incoming, stream } = this.#parts;
    while (!this.#isEnded) {
      if (incoming.isFull) {
        this.#isPaused = true;
        if (this.#keepAlive !== null) this.#keepAlive.isReadingPaused = true;
        stream.socket.pause();
        return;
      }
      const packet = this.#reader.next();
      if (packet === null) break;
      this.#take(packet);
    }
    if (this.#reader.hasFault) this.#violate();
  }

  #take(packet: BrokerPacket | SkippedMessage): void {
    if (packet.kind === "connack") this.#connect(packet);
    else if (packet.kind === "disconnect") this.#end({ kind: "disconnected", code: packet.code });
    // The broker must accept the connection first.
    else if (this.#isConnected) this.#takeConnected(packet);
    else this.#violate();
  }

  #takeConnected(packet: Exclude<BrokerPacket | SkippedMessage, ConnectionReply | Ending>): void {
    const { incoming, outgoing, ids, onSkipped } = this.#parts;
    switch (packet.kind) {
      case "publish":
        incoming.receive(packet);
        break;
      case "skipped":
        onSkipped(packet);
        if (packet.qos > 0) incoming.skip(placeholderOf(packet));
        break;
      case "puback":
        outgoing.acknowledge(packet.id, packet.code);
        break;
      case "suback":
      case "unsuback":
        this.#requests.get(packet.id)?.(packet.codes);
        if (this.#requests.delete(packet.id)) ids.free(packet.id);
        break;
      case "pubrel":
        incoming.release(packet.id);
        this.#write(encodeConfirmation(this.#version, "pubcomp", packet.id));
        break;
      case "pubrec":
        // This side publishes at QoS 1 only.
        this.#write(encodeConfirmation(this.#version, "pubrel", packet.id, UNKNOWN_ID));
        break;
      default:
    }
  }

  #connect(reply: ConnectionReply): void {
    if (this.#isConnected || reply.code !== 0) {
      if (this.#isConnected) this.#violate();
      else this.#end({ kind: "refused", code: reply.code });
      return;
    }
    this.#isConnected = true;
    if (this.#connectTimer !== null) clearTimeout(this.#connectTimer);
    const { request, incoming, outgoing, onConnected } = this.#parts;
    const seconds = Math.min(request.keepAliveSeconds, reply.keepAliveSeconds ?? request.keepAliveSeconds);
    const announcedSeconds = Math.min(announcedKeepAlive(request.keepAliveSeconds), seconds);
    this.#keepAlive = new KeepAlive({
      milliseconds: seconds * 1000,
      announcedMilliseconds: announcedSeconds * 1000,
      ping: () => this.#write(encodePing()),
      onSilence: () => this.#end({ kind: "silent" }),
    });
    incoming.begin(reply.isSessionPresent, (message) => this.#confirm(message));
    void onConnected(reply).then(() => {
      if (!this.#isEnded) outgoing.begin(reply, (message) => this.#write(encodeMessage(this.#version, message)));
    });
  }

  #confirm({ id, qos }: IncomingMessage): void {
    this.#write(encodeConfirmation(this.#version, qos === 2 ? "pubrec" : "puback", id));
  }

  /** Sends bytes, with others of the same moment in one piece. */
  #write(bytes: Uint8Array): void {
    if (this.#isEnded) return;
    this.#output.push(bytes);
    if (this.#output.length === 1) process.nextTick(() => this.#flush());
  }

  #flush(): void {
    const { socket } = this.#parts.stream;
    if (this.#output.length === 0 || !socket.writable) return;
    socket.write(Buffer.concat(this.#output));
    this.#output.length = 0;
    this.#keepAlive?.noteSent();
  }

  #violate(): void {
    if (this.#version === 5 && this.#isConnected) this.#write(encodeDisconnect(5, MALFORMED_PACKET));
    this.#end({ kind: "malformed" });
  }

  #end(end: ClientEnd): void {
    if (this.#isEnded) return;
    this.#flush();
    this.#isEnded = true;
    if (this.#connectTimer !== null) clearTimeout(this.#connectTimer);
    this.#keepAlive?.stop();
    const { stream, incoming, outgoing, ids, onEnd } = this.#parts;
    for (const id of this.#requests.keys()) ids.free(id);
    this.#requests.clear();
    incoming.end();
    outgoing.end(end.kind === "disconnected" && end.code === PACKET_TOO_LARGE);
    if (end.kind === "left" || end.kind === "malformed") this.#closeStream();
    else stream.socket.destroy();
    onEnd(end);
  }

  /** Closes the stream after its last bytes are sent. What still comes is not read. */
  #closeStream(): void {
    const { socket } = this.#parts.stream;
    socket.resume();
    socket.end();
    const timer = setTimeout(() => socket.destroy(), LAST_BYTES_MILLISECONDS);
    socket.once("close", () => clearTimeout(timer));
  }
}

/** Codes of Node for a connection that the broker closed. */
const closings: ReadonlySet<unknown> = new Set(["ECONNRESET", "EPIPE"]);

/** Returns the end that an error of a stream means. */
export function endOfError(error: Error & { code?: unknown }): ClientEnd {
  return closings.has(error.code) ? { kind: "closed" } : { kind: "failed", error };
}

function inParts(filters: readonly string[]): string[][] {
  const parts: string[][] = [];
  for (let at = 0; at < filters.length; at += FILTERS_PER_PACKET)
    parts.push(filters.slice(at, at + FILTERS_PER_PACKET));
  return parts;
}

/** Stands for a skipped message until it is acknowledged. */
function placeholderOf({ topic, qos, id }: SkippedMessage): IncomingMessage {
  const parts = { topic, qos: qos as 1 | 2, id, isRepeated: false, payload: new Uint8Array(0), retain: false };
  return { kind: "publish", ...parts, responseTopic: undefined, correlationData: undefined };
}
