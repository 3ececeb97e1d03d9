import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { PacketSplitter, type Publish, readPuback, readPublish, readVersion } from "./mqtt-packets.js";

/** One connection of the agent through the line. */
class WatchedConnection {
  /** Messages that the agent has and has not acknowledged yet, by id. */
  readonly delivered = new Map<number, Publish>();
  /** Messages of the agent that the broker has not acknowledged yet, by id. */
  readonly published = new Map<number, Publish>();
  version = 4;
}

/**
 * A line between the agent and its broker that notes every message and every acknowledgement. It is the witness of what the
 * agent has acknowledged: after that, the broker never sends the message again.
 */
export class WatchedLine {
  /** Times that each payload was delivered to the agent. */
  readonly deliveries = new Map<string, number>();
  /** Payloads that the agent has acknowledged. */
  readonly acknowledged = new Set<string>();
  /** Messages of the agent that the broker has acknowledged, as `topic payload`. */
  readonly answers = new Set<string>();
  #sockets = new Set<Socket>();
  #current: WatchedConnection | null = null;
  readonly #server: Server;
  readonly #brokerPort: number;

  private constructor(brokerPort: number) {
    this.#brokerPort = brokerPort;
    this.#server = createServer((socket) => this.#join(socket));
  }

  static async open(brokerPort: number): Promise<WatchedLine> {
    const line = new WatchedLine(brokerPort);
    line.#server.listen(0, "127.0.0.1");
    await once(line.#server, "listening");
    return line;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Messages of the newest connection that the agent has not acknowledged. */
  get outstanding(): number {
    return this.#current?.delivered.size ?? 0;
  }

  get isConnected(): boolean {
    return this.#current !== null;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(agent: Socket): void {
    const connection = new WatchedConnection();
    this.#current = connection;
    const broker = connect(this.#brokerPort, "127.0.0.1");
    const pair = [
      { from: agent, to: broker, packets: new PacketSplitter(), fromAgent: true },
      { from: broker, to: agent, packets: new PacketSplitter(), fromAgent: false },
    ];
    for (const { from, to, packets, fromAgent } of pair) {
      this.#sockets.add(from);
      from.setNoDelay(true);
      from.on("error", () => {});
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
        if (this.#current === connection) this.#current = null;
      });
      from.on("end", () => to.end());
      from.on("data", (bytes) => {
        for (const packet of packets.take(bytes)) {
          connection.version = (fromAgent && readVersion(packet)) || connection.version;
          const publish = readPublish(packet, connection.version);
          const id = readPuback(packet);
          if (fromAgent) {
            if (publish !== null) connection.published.set(publish.id, publish);
            if (id !== null) this.#noteAcknowledged(connection, id);
          } else {
            if (publish !== null) this.#noteDelivered(connection, publish);
            if (id !== null) this.#noteAnswer(connection, id);
          }
        }
        to.write(bytes);
      });
    }
  }

  #noteDelivered(connection: WatchedConnection, publish: Publish): void {
    connection.delivered.set(publish.id, publish);
    this.deliveries.set(publish.payload, (this.deliveries.get(publish.payload) ?? 0) + 1);
  }

  #noteAcknowledged(connection: WatchedConnection, id: number): void {
    const publish = connection.delivered.get(id);
    if (publish === undefined) return;
    connection.delivered.delete(id);
    this.acknowledged.add(publish.payload);
  }

  #noteAnswer(connection: WatchedConnection, id: number): void {
    const publish = connection.published.get(id);
    if (publish === undefined) return;
    connection.published.delete(id);
    this.answers.add(`${publish.topic} ${publish.payload}`);
  }
}
