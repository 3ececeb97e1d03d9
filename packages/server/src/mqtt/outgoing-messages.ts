import { cutText } from "@nanoagent/models";
import { MqttError } from "./mqtt-error.js";
import type { PacketIds } from "./packet-ids.js";
import { MAX_PACKET_BYTES } from "./packet-reader.js";
import type { OutgoingMessage } from "./packets.js";
import { findTopicIssue } from "./topic-filter.js";

/** Messages that may wait for an acknowledgement. Brokers may allow fewer. */
const MAX_IN_FLIGHT = 32;
/** Messages that may wait, with those in flight. */
const MAX_WAITING = 1000;
/** Bytes of the messages that may wait. */
const MAX_WAITING_BYTES = 2 * 1024 * 1024;
/** Bytes of a packet besides topic and payload, at most. */
const PACKET_HEAD_BYTES = 64;
/** Codes of MQTT 5 from here on are failures. */
const FIRST_FAILURE = 0x80;
/** Code of MQTT 5 for a packet that the broker does not take because of its size. */
export const PACKET_TOO_LARGE = 0x95;

/** Limits of a broker. */
export interface BrokerLimits {
  readonly receiveMaximum: number | null;
  readonly maximumPacketBytes: number | null;
  readonly canRetain: boolean;
  readonly maximumQos: number;
}

interface Waiting {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retain: boolean;
  readonly correlationData: Uint8Array | undefined;
  readonly bytes: number;
  /** Its number, once it was sent. */
  id: number | null;
  /** Whether it was sent on this connection. */
  isInFlight: boolean;
  /** Whether its sender no longer waits. It keeps its number until the broker answers. */
  isGivenUp: boolean;
  readonly settle: (error: MqttError | null) => void;
}

/** A message to send, as its sender describes it. */
export interface MessageToSend {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retain: boolean;
  readonly correlationData?: Uint8Array | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Messages that wait for the broker's acknowledgement, in the order in which they were given. It outlives a connection:
 * the next one sends them again.
 */
export class OutgoingMessages {
  readonly #ids: PacketIds;
  readonly #waiting = new Set<Waiting>();
  #bytes = 0;
  #inFlight = 0;
  #send: ((message: OutgoingMessage) => void) | null = null;
  #limits: BrokerLimits | null = null;
  #closed: MqttError | null = null;

  constructor(ids: PacketIds) {
    this.#ids = ids;
  }

  /** Number of messages that wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /** A connection begins. Sends what waits. */
  begin(limits: BrokerLimits, send: (message: OutgoingMessage) => void): void {
    this.#limits = limits;
    this.#send = send;
    this.#fill();
  }

  /** The connection ended, perhaps because the broker says that a packet was too large. Then the largest message is refused. */
  end(wasTooLarge = false): void {
    const largest = wasTooLarge ? this.#largestInFlight() : null;
    this.#send = null;
    this.#inFlight = 0;
    for (const waiting of this.#waiting) {
      waiting.isInFlight = false;
      if (waiting.isGivenUp) this.#remove(waiting);
    }
    if (largest !== null) this.#settle(largest, messageRefused(largest.topic, PACKET_TOO_LARGE));
  }

  #largestInFlight(): Waiting | null {
    let largest: Waiting | null = null;
    for (const waiting of this.#waiting)
      if (waiting.isInFlight && waiting.bytes > (largest?.bytes ?? 0)) largest = waiting;
    return largest;
  }

  /** Rejects everything that waits, and everything from now on. */
  close(error: MqttError): void {
    this.#closed = error;
    this.end();
    for (const waiting of this.#waiting) this.#settle(waiting, error);
  }

  /** Resolves when the broker has acknowledged the message. */
  add({ topic, payload, retain, correlationData, signal }: MessageToSend): Promise<void> {
    const bytes = PACKET_HEAD_BYTES + 3 * topic.length + payload.length + (correlationData?.length ?? 0);
    const refusal =
      this.#closed ?? this.#findRefusal(topic, bytes) ?? (signal?.aborted ? givenUp(topic, signal) : null);
    if (refusal !== null) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      const stop = () => {
        waiting.isGivenUp = true;
        this.#settle(waiting, givenUp(topic, signal));
      };
      const settle = (error: MqttError | null) => {
        signal?.removeEventListener("abort", stop);
        if (error === null) resolve();
        else reject(error);
      };
      const parts = { topic, payload, retain, correlationData, bytes, settle };
      const waiting: Waiting = { ...parts, id: null, isInFlight: false, isGivenUp: false };
      signal?.addEventListener("abort", stop, { once: true });
      this.#waiting.add(waiting);
      this.#bytes += bytes;
      this.#fill();
    });
  }

  /** The broker answered. Returns false if no message has this number. */
  acknowledge(id: number, code: number): boolean {
    for (const waiting of this.#waiting) {
      if (waiting.id !== id || !waiting.isInFlight) continue;
      this.#inFlight -= 1;
      waiting.isInFlight = false;
      this.#settle(waiting, code < FIRST_FAILURE ? null : messageRefused(waiting.topic, code));
      this.#fill();
      return true;
    }
    return false;
  }

  #fill(): void {
    const most = Math.min(MAX_IN_FLIGHT, this.#limits?.receiveMaximum ?? MAX_IN_FLIGHT);
    for (const waiting of this.#waiting) {
      if (this.#send === null || this.#inFlight >= most) return;
      if (waiting.isInFlight) continue;
      const { topic, payload, correlationData } = waiting;
      const refusal = this.#findLimit(topic, waiting.bytes);
      if (refusal !== null) {
        this.#settle(waiting, refusal);
        continue;
      }
      const isRepeated = waiting.id !== null;
      waiting.id ??= this.#ids.take();
      waiting.isInFlight = true;
      this.#inFlight += 1;
      const retain = waiting.retain && this.#limits?.canRetain !== false;
      this.#send({ id: waiting.id, isRepeated, topic, payload, retain, correlationData });
    }
  }

  #settle(waiting: Waiting, error: MqttError | null): void {
    waiting.settle(error);
    if (!waiting.isInFlight) this.#remove(waiting);
  }

  #remove(waiting: Waiting): void {
    if (!this.#waiting.delete(waiting)) return;
    this.#bytes -= waiting.bytes;
    if (waiting.id !== null) this.#ids.free(waiting.id);
  }

  #findRefusal(topic: string, bytes: number): MqttError | null {
    const issue = findTopicIssue(topic);
    if (issue !== null) {
      const message = `A message cannot be sent to ${JSON.stringify(cutText(topic, 100))}.`;
      const hint = "Correct the topic in the config, or the value that it is made of.";
      return new MqttError({ code: "mqtt-settings-invalid", message, reason: issue, hint });
    }
    if (bytes > MAX_PACKET_BYTES) return tooLarge(topic, bytes, MAX_PACKET_BYTES);
    if (this.#waiting.size < MAX_WAITING && this.#bytes + bytes <= MAX_WAITING_BYTES)
      return this.#findLimit(topic, bytes);
    return new MqttError({
      code: "broker-unreachable",
      message: `A message to ${topic} was not taken: ${this.#waiting.size} messages wait for the broker already.`,
      hint: "Check that the broker runs and is reachable.",
    });
  }

  #findLimit(topic: string, bytes: number): MqttError | null {
    if (this.#send === null || this.#limits === null) return null;
    const { maximumPacketBytes, maximumQos } = this.#limits;
    if (maximumPacketBytes !== null && bytes > maximumPacketBytes) return tooLarge(topic, bytes, maximumPacketBytes);
    if (maximumQos > 0) return null;
    return new MqttError({
      code: "broker-refused",
      message: `A message to ${topic} was not sent, because the broker does not acknowledge messages.`,
      hint: "Use a broker that offers QoS 1.",
    });
  }
}

function tooLarge(topic: string, bytes: number, limit: number): MqttError {
  return new MqttError({
    code: "broker-refused",
    message: `A message to ${topic} is too large: ${bytes} bytes, and at most ${limit} can be sent.`,
    hint: "Send a shorter message.",
  });
}

function givenUp(topic: string, signal: AbortSignal | undefined): MqttError {
  return new MqttError({
    code: "broker-unreachable",
    message: `The broker did not acknowledge a message to ${topic} in time.`,
    hint: "Check that the broker runs and is reachable.",
    cause: signal?.reason,
  });
}

/** Reasons of MQTT 5. */
const refusals: Readonly<Record<number, string>> = {
  135: "this user may not publish there",
  144: "the topic is not valid there",
  [PACKET_TOO_LARGE]: "it is too large for this broker",
  151: "a quota is exceeded",
  153: "the format is not valid",
};

function messageRefused(topic: string, code: number): MqttError {
  return new MqttError({
    code: "broker-refused",
    message: `The broker refused a message to ${topic}: ${refusals[code] ?? `code ${code}`}.`,
    hint:
      code === PACKET_TOO_LARGE
        ? "Permit larger messages at the broker, or send a shorter one."
        : "Change the topic, or the permissions of this user at the broker.",
  });
}
