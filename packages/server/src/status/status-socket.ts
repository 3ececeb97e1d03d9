import { rm } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { placeOfService } from "./service-places.js";
import type { ServiceStatus } from "./service-status.js";

/** Answers `nanoagent status` through a socket of this user. */
export class StatusSocket {
  readonly #server: Server;
  readonly #path: string;

  private constructor(server: Server, path: string) {
    this.#server = server;
    this.#path = path;
  }

  /** Opens the socket. Returns null if this system or folder allows none: the service works without it. */
  static async open(readStatus: () => Promise<ServiceStatus>): Promise<StatusSocket | null> {
    const path = await placeOfService(process.pid);
    if (path === null) return null;
    // A socket of this process number was left by a process that has ended.
    if (process.platform !== "win32") await rm(path, { force: true }).catch(() => {});
    const server = createServer((socket) => {
      socket.on("error", () => {});
      readStatus().then(
        (status) => socket.end(`${JSON.stringify(status)}\n`),
        () => socket.destroy(),
      );
    });
    const isOpen = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(path, () => resolve(true));
    });
    if (!isOpen) return null;
    server.on("error", () => {});
    server.unref();
    return new StatusSocket(server, path);
  }

  async close(): Promise<void> {
    // Closing a socket removes its file; this is for systems where it does not.
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    if (process.platform !== "win32") await rm(this.#path, { force: true }).catch(() => {});
  }
}
