import { connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import type { HttpHandler, Listener, ListenOptions } from "../../src/http/node-listener.js";
import { listenOn } from "../../src/http/node-listener.js";

/** Listens on a free port of 127.0.0.1 until the test ends. */
export async function listening(handle: HttpHandler, options: Partial<ListenOptions> = {}): Promise<Listener> {
  const listener = await listenOn(handle, { host: "127.0.0.1", port: 0, ...options });
  onTestFinished(() => listener.close(0));
  return listener;
}

/** A connection that sends exactly the given bytes. */
export class RawClient {
  readonly socket: Socket;
  text = "";
  readonly closed: Promise<void>;

  constructor(port: number) {
    this.socket = connect(port, "127.0.0.1");
    this.socket.setEncoding("latin1");
    this.socket.on("data", (piece) => {
      this.text += piece;
    });
    this.socket.on("error", () => {});
    this.closed = new Promise((resolve) => this.socket.once("close", () => resolve()));
  }

  /** Resolves when the received text matches. Rejects if the connection ends before. */
  async until(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.text)) {
      if (this.socket.destroyed) throw new Error(`Closed after ${JSON.stringify(this.text)}`);
      await new Promise<void>((resolve) => {
        const done = () => {
          this.socket.off("data", done).off("close", done);
          resolve();
        };
        this.socket.on("data", done).on("close", done);
      });
    }
    return this.text;
  }

  send(bytes: string | Uint8Array): this {
    this.socket.write(bytes);
    return this;
  }
}

/** Sends bytes and returns all that comes back until the server closes. */
export async function exchange(port: number, bytes: string | Uint8Array): Promise<string> {
  const client = new RawClient(port);
  client.send(bytes);
  await client.closed;
  return client.text;
}

/** Returns the status of a reply as text, or null if nothing was answered. */
export function statusOf(text: string): number | null {
  const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1];
  return status === undefined ? null : Number(status);
}

/** Resolves when a condition holds. */
export async function eventually(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}
