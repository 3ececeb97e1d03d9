import type { BrokerMessage } from "./broker.js";
import type { IncomingMessage } from "./packets.js";

/** Messages that may be outstanding by the broker's word, at MQTT 5. Brokers of 3.1.1 have a similar limit. */
export const RECEIVE_MAXIMUM = 64;
/**
 * Messages that may really be outstanding: brokers do not always keep to the limit, which does not count those at QoS 0.
 * At the bound, nothing is read, not even the acknowledgements of the agent's own messages. It is therefore far above the
 * limit, so that messages that wait for a full queue seldom reach it.
 */
const MAX_OUTSTANDING = 1024;
/** Bytes of outstanding messages. */
const MAX_OUTSTANDING_BYTES = 4 * 1024 * 1024;
/** Memory of a message besides its topic and payload. */
const MESSAGE_BYTES = 500;

interface Entry {
  readonly message: IncomingMessage;
  readonly bytes: number;
  /** Whether all owners have the message. */
  isKept: boolean;
  /** Whether it counts as outstanding. */
  isCounted: boolean;
}

/** Confirms that a message arrived: PUBACK at QoS 1, PUBREC at QoS 2. */
export type ConfirmMessage = (message: IncomingMessage) => void;

/**
 * Messages that a broker sent and that are not acknowledged.
 *
 * - Each message is handed over at once, so that many can be saved with one sync.
 * - Acknowledgements go out in the order in which the messages came, as the protocol asks.
 * - It outlives a connection. A message that the broker sends again on the next one is not handed over twice if the broker
 *   still has its session: a number is in use until it is acknowledged, so the same number and content are the same
 *   message.
 */
export class IncomingMessages {
  readonly #deliver: (message: BrokerMessage) => Promise<void>;
  readonly #onRoom: () => void;
  /** Messages of this connection, in the order of their arrival. */
  #entries: Entry[] = [];
  /** Unacknowledged messages of earlier connections, by number. */
  readonly #earlier = new Map<number, Entry>();
  /** Messages at QoS 2 that are confirmed and not released, by number. */
  readonly #confirmed = new Set<number>();
  #confirm: ConfirmMessage | null = null;
  #count = 0;
  #bytes = 0;

  /** `deliver` resolves when every owner has the message, and never rejects. */
  constructor({ deliver, onRoom }: { deliver: (message: BrokerMessage) => Promise<void>; onRoom: () => void }) {
    this.#deliver = deliver;
    this.#onRoom = onRoom;
  }

  /** Whether nothing more should be read. `onRoom` tells when that changes. */
  get isFull(): boolean {
    return this.#count >= MAX_OUTSTANDING || this.#bytes >= MAX_OUTSTANDING_BYTES;
  }

  /** Whether nothing waits for an owner or for an acknowledgement. */
  get isIdle(): boolean {
    return this.#count === 0;
  }

  /** A connection begins. */
  begin(isSessionPresent: boolean, confirm: ConfirmMessage): void {
    this.#confirm = confirm;
    if (isSessionPresent) return;
    this.#earlier.clear();
    this.#confirmed.clear();
  }

  /** The connection ended: nothing of it can be acknowledged any more. */
  end(): void {
    this.#confirm = null;
    for (const entry of this.#entries) {
      this.#earlier.set(entry.message.id, entry);
      if (entry.isKept) this.#uncount(entry);
    }
    this.#entries = [];
    for (const id of this.#earlier.keys()) if (this.#earlier.size > MAX_OUTSTANDING) this.#earlier.delete(id);
  }

  receive(message: IncomingMessage): void {
    if (message.qos > 0) {
      if (this.#confirmed.has(message.id)) {
        this.#confirm?.(message);
        return;
      }
      if (message.isRepeated && this.#entries.some((entry) => isSame(entry.message, message))) return;
      const earlier = this.#earlier.get(message.id);
      this.#earlier.delete(message.id);
      if (earlier !== undefined && message.isRepeated && isSame(earlier.message, message)) {
        this.#entries.push(earlier);
        this.#acknowledge();
        return;
      }
    }
    void this.#handOver(this.#add(message, { isKept: false }));
  }

  /** Acknowledges a message that is not handed over, after those before it. */
  skip(message: IncomingMessage): void {
    this.#add(message, { isKept: true });
    this.#acknowledge();
  }

  /** The broker has the confirmation of a message at QoS 2. */
  release(id: number): void {
    this.#confirmed.delete(id);
  }

  #add(message: IncomingMessage, { isKept }: { isKept: boolean }): Entry {
    const bytes = MESSAGE_BYTES + message.topic.length + message.payload.length;
    const entry = { message, bytes, isKept, isCounted: true };
    this.#count += 1;
    this.#bytes += bytes;
    if (message.qos > 0) this.#entries.push(entry);
    return entry;
  }

  #uncount(entry: Entry): void {
    if (!entry.isCounted) return;
    entry.isCounted = false;
    this.#count -= 1;
    this.#bytes -= entry.bytes;
  }

  async #handOver(entry: Entry): Promise<void> {
    const { topic, payload, retain, responseTopic, correlationData } = entry.message;
    await this.#deliver({ topic, payload, retain, responseTopic, correlationData });
    entry.isKept = true;
    // At QoS 0, and for a message of an earlier connection, nothing is left to do.
    if (!this.#entries.includes(entry)) this.#uncount(entry);
    this.#acknowledge();
    if (!this.isFull) this.#onRoom();
  }

  #acknowledge(): void {
    let kept = 0;
    while (this.#entries[kept]?.isKept) kept += 1;
    for (const entry of this.#entries.splice(0, kept)) {
      this.#uncount(entry);
      if (entry.message.qos === 2) this.#confirmed.add(entry.message.id);
      this.#confirm?.(entry.message);
    }
  }
}

function isSame(one: IncomingMessage, other: IncomingMessage): boolean {
  return (
    one.id === other.id &&
    one.topic === other.topic &&
    one.payload.length === other.payload.length &&
    one.payload.every((byte, place) => byte === other.payload[place])
  );
}
