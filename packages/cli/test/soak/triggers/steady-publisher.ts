import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { PacketSplitter, type Publish, packetTypes, readPuback, writeConnect, writePublish } from "./mqtt-packets.js";

const RECONNECT_MILLISECONDS = 50;
const MAX_ID = 65_535;

/** Publishes at QoS 1 until the broker has acknowledged everything, and remembers what it has acknowledged. */
export class SteadyPublisher {
  /** Payloads that the broker has acknowledged, with the time of the last acknowledgement. */
  readonly acknowledged = new Map<string, number>();
  readonly #port: number;
  readonly #waiting = new Map<number, Publish>();
  #lastId = 0;
  #socket: Socket | null = null;
  #isReady = false;
  #isClosed = false;

  constructor(port: number) {
    this.#port = port;
    this.#connect();
  }

  /** Messages that the broker has not acknowledged yet. */
  get waiting(): number {
    return this.#waiting.size;
  }

  publish(topic: string, payload: string): void {
    this.#lastId = (this.#lastId % MAX_ID) + 1;
    const publish = { id: this.#lastId, topic, payload };
    this.#waiting.set(publish.id, publish);
    if (this.#isReady) this.#socket?.write(writePublish(publish));
  }

  close(): void {
    this.#isClosed = true;
    this.#socket?.destroy();
  }

  #connect(): void {
    const socket = connect(this.#port, "127.0.0.1");
    const packets = new PacketSplitter();
    this.#socket = socket;
    this.#isReady = false;
    socket.setNoDelay(true);
    socket.on("connect", () => socket.write(writeConnect(`soak-publisher-${process.pid}`)));
    socket.on("data", (bytes) => {
      for (const packet of packets.take(bytes)) {
        if (packet.type === packetTypes.connack) {
          this.#isReady = true;
          for (const publish of this.#waiting.values()) socket.write(writePublish(publish));
        }
        const id = readPuback(packet);
        const publish = id === null ? undefined : this.#waiting.get(id);
        if (publish === undefined) continue;
        this.#waiting.delete(publish.id);
        this.acknowledged.set(publish.payload, performance.now());
      }
    });
    socket.on("error", () => {});
    socket.on("close", async () => {
      this.#isReady = false;
      await sleep(RECONNECT_MILLISECONDS);
      if (!this.#isClosed) this.#connect();
    });
  }
}
