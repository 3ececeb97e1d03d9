import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { generate, type Packet, parser, writeToStream } from "mqtt-packet";

writeToStream.cacheNumbers = false;

/** One connection to a {@link FakeBroker}. */
export class FakeLink {
  readonly socket: Socket;
  /** Packets of the client, oldest first. */
  readonly packets: Packet[] = [];
  version: 4 | 5 = 4;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  send(packet: Packet): void {
    this.socket.write(generate(packet, { protocolVersion: this.version }));
  }

  sendBytes(...bytes: number[]): void {
    this.socket.write(Uint8Array.from(bytes));
  }

  message(topic: string, payload: string, parts: Partial<Extract<Packet, { cmd: "publish" }>> = {}): void {
    this.send({ cmd: "publish", qos: 1, messageId: 1, dup: false, retain: false, topic, payload, ...parts });
  }

  of<Command extends Packet["cmd"]>(command: Command): Extract<Packet, { cmd: Command }>[] {
    return this.packets.filter((packet): packet is Extract<Packet, { cmd: Command }> => packet.cmd === command);
  }

  /** Accepts the client. */
  accept(sessionPresent = false, properties?: object): void {
    const parts = this.version === 5 ? { reasonCode: 0, ...(properties && { properties }) } : { returnCode: 0 };
    this.send({ cmd: "connack", sessionPresent, ...parts });
  }
}

/** A broker that does what a test tells it. By default it accepts clients, grants QoS 1, and answers pings. */
export class FakeBroker {
  readonly links: FakeLink[] = [];
  readonly #server: Server;
  /** Replaces the usual answer to a packet. Returns false for the usual one. */
  onPacket: (packet: Packet, link: FakeLink) => boolean = () => false;

  private constructor() {
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async start(): Promise<FakeBroker> {
    const broker = new FakeBroker();
    broker.#server.listen(0, "127.0.0.1");
    await once(broker.#server, "listening");
    return broker;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  get link(): FakeLink {
    return this.links.at(-1) as FakeLink;
  }

  #serve(socket: Socket): void {
    const link = new FakeLink(socket);
    this.links.push(link);
    socket.on("error", () => {});
    const reader = parser();
    reader.on("error", () => socket.destroy());
    reader.on("packet", (packet) => {
      if (packet.cmd === "connect") link.version = packet.protocolVersion === 5 ? 5 : 4;
      link.packets.push(packet);
      if (!this.onPacket(packet, link)) answer(packet, link);
    });
    socket.on("data", (bytes) => reader.parse(bytes));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.links) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}

function answer(packet: Packet, link: FakeLink): void {
  const { messageId = 0 } = packet;
  if (packet.cmd === "connect") link.accept();
  else if (packet.cmd === "pingreq") link.send({ cmd: "pingresp" });
  else if (packet.cmd === "publish" && packet.qos === 1) link.send({ cmd: "puback", messageId, reasonCode: 0 });
  else if (packet.cmd === "subscribe")
    link.send({ cmd: "suback", messageId, granted: packet.subscriptions.map(() => 1) });
  else if (packet.cmd === "unsubscribe")
    link.send({ cmd: "unsuback", messageId, granted: packet.unsubscriptions.map(() => 0) });
}
