import { rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { placeOfService, type SocketKind } from "./service-places.js";

/** A socket of this service that programs of the same user reach. */
export class UserSocket {
  readonly #server: Server;
  readonly #path: string;
  readonly #open: ReadonlySet<Socket>;

  private constructor(server: Server, path: string, open: ReadonlySet<Socket>) {
    this.#server = server;
    this.#path = path;
    this.#open = open;
  }

  /** Opens the socket. Returns null if this system or folder allows none: the service works without it. */
  static async open(kind: SocketKind, answer: (socket: Socket) => void): Promise<UserSocket | null> {
    const path = await placeOfService(process.pid, kind);
    if (path === null) return null;
    // A socket of this process number was left by a process that has ended.
    if (process.platform !== "win32") await rm(path, { force: true }).catch(() => {});
    const open = new Set<Socket>();
    const server = createServer((socket) => {
      open.add(socket);
      socket.once("close", () => open.delete(socket));
      socket.on("error", () => {});
      answer(socket);
    });
    const isOpen = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(path, () => resolve(true));
    });
    if (!isOpen) return null;
    server.on("error", () => {});
    server.unref();
    return new UserSocket(server, path, open);
  }

  /** Ends its connections, too. */
  async close(): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    // Closing a socket removes its file; this is for systems where it does not.
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    if (process.platform !== "win32") await rm(this.#path, { force: true }).catch(() => {});
  }
}
