import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** An event as a client reads it. */
export interface ReadEvent {
  type: string;
  data: Record<string, unknown>;
}

/** A client that writes and reads the bytes of the protocol, written apart from the service's own reader. */
export class WyomingClient {
  readonly socket: Socket;
  #bytes: Buffer = Buffer.alloc(0);
  #isOver = false;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (bytes: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, bytes]);
      this.#wake();
    });
    const end = () => {
      this.#isOver = true;
      this.#wake();
    };
    socket.on("end", end).on("close", end).on("error", end);
  }

  /** Connects to an address such as `tcp://127.0.0.1:10400`, or from an address of this machine. */
  static async open(to: string | { host: string; port: number; localAddress: string }): Promise<WyomingClient> {
    const { hostname, port } = new URL(typeof to === "string" ? to.replace(/^tcp:/, "http:") : "http://x");
    const socket = connect(
      typeof to === "string" ? { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port) } : to,
    );
    const client = new WyomingClient(socket);
    await once(socket, "connect");
    return client;
  }

  /** Sends an event with its data in a block, as Wyoming's own library does. */
  send(type: string, data: object = {}): void {
    const block = Buffer.from(JSON.stringify(data));
    const isEmpty = Object.keys(data).length === 0;
    const line = { type, version: "1.9.0", ...(!isEmpty && { data_length: block.length }) };
    this.socket.write(Buffer.concat([Buffer.from(`${JSON.stringify(line)}\n`), isEmpty ? Buffer.alloc(0) : block]));
  }

  /** Returns the next event, or null at the end of the connection. */
  async read(): Promise<ReadEvent | null> {
    for (;;) {
      const event = this.#take();
      if (event !== null) return event;
      if (this.#isOver) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Sends a transcript, and returns its answer. */
  async ask(text: string, context?: object): Promise<ReadEvent | null> {
    this.send("transcript", { text, ...(context !== undefined && { context }) });
    return this.read();
  }

  #take(): ReadEvent | null {
    const end = this.#bytes.indexOf("\n");
    if (end < 0) return null;
    const line = JSON.parse(this.#bytes.subarray(0, end).toString()) as ReadEvent & { data_length?: number };
    const length = line.data_length ?? 0;
    if (this.#bytes.length < end + 1 + length) return null;
    const block = this.#bytes.subarray(end + 1, end + 1 + length).toString();
    this.#bytes = this.#bytes.subarray(end + 1 + length);
    return { type: line.type, data: { ...line.data, ...(length > 0 && JSON.parse(block)) } };
  }

  close(): void {
    this.socket.destroy();
  }
}
