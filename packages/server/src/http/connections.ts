import type { Server } from "node:http";
import type { Socket } from "node:net";
import { endConnection } from "./end-connection.js";
import type { NodeRequest } from "./node-request.js";

/** Most refused clients that are told why at the same time. Others are disconnected at once. */
const MAX_REFUSALS = 64;

/** The open connections of a server, and the requests that run on them. */
export class Connections {
  /** Connections as the system gives them. With TLS, they are below those in `#running`. */
  readonly #sockets = new Set<Socket>();
  readonly #running = new Map<Socket, Set<NodeRequest>>();
  readonly #limit: number;
  readonly #isPlain: boolean;
  #refusals = 0;
  #isClosing = false;

  constructor({ limit, isPlain }: { limit: number; isPlain: boolean }) {
    this.#limit = limit;
    this.#isPlain = isPlain;
  }

  get count(): number {
    return this.#sockets.size;
  }

  /**
   * Lets a server have at most the given number of connections. Node's own `maxConnections` closes others without a word.
   */
  guard(server: Server, onRefused: () => void): void {
    const accept = server.listeners("connection") as ((socket: Socket) => void)[];
    server.removeAllListeners("connection");
    server.on("connection", (socket: Socket) => {
      if (this.#sockets.size >= this.#limit) {
        this.#refuse(socket);
        onRefused();
        return;
      }
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
      for (const listener of accept) listener.call(server, socket);
    });
  }

  #refuse(socket: Socket): void {
    // Before the handshake, a client could not read a text.
    if (!this.#isPlain || this.#refusals >= MAX_REFUSALS) {
      socket.destroy();
      return;
    }
    this.#refusals += 1;
    socket.once("close", () => {
      this.#refusals -= 1;
    });
    endConnection(socket, 503, "The service has too many connections. Try again later.");
  }

  /** Notes that a request runs. Returns a function that notes its end. */
  begin(socket: Socket, request: NodeRequest): () => void {
    const requests = this.#running.get(socket) ?? this.#track(socket);
    requests.add(request);
    return () => {
      requests.delete(request);
      if (requests.size === 0 && this.#isClosing) this.closeIdle();
    };
  }

  /** Apart from `begin`, whose variables would keep the first request of a connection in memory as long as it is open. */
  #track(socket: Socket): Set<NodeRequest> {
    const requests = new Set<NodeRequest>();
    this.#running.set(socket, requests);
    socket.once("close", () => this.#forget(socket));
    return requests;
  }

  #forget(socket: Socket): void {
    for (const request of this.#running.get(socket) ?? []) request.leave();
    this.#running.delete(socket);
    if (this.#isClosing) this.closeIdle();
  }

  /**
   * Whether a malformed request may be answered. A reply would be taken for that of a running request, unless that one is
   * malformed itself: its body is not complete.
   */
  mayRefuse(socket: Socket): boolean {
    const requests = [...(this.#running.get(socket) ?? [])];
    return requests.every(({ isBodyOpen }) => isBodyOpen && requests.length === 1);
  }

  #isBusy(socket: Socket): boolean {
    return (this.#running.get(socket)?.size ?? 0) > 0;
  }

  /** Ends connections without a running request, now and whenever the last request of one ends. */
  closeIdle(): void {
    this.#isClosing = true;
    if (this.#isPlain) for (const socket of this.#sockets) if (!this.#isBusy(socket)) socket.destroy();
    for (const socket of this.#running.keys()) if (!this.#isBusy(socket)) socket.destroy();
    if ([...this.#running.values()].every(({ size }) => size === 0)) this.destroy();
  }

  destroy(): void {
    for (const [socket, requests] of this.#running) {
      // The server may report its end before that of its connections.
      for (const request of requests) request.leave();
      socket.destroy();
    }
    for (const socket of this.#sockets) socket.destroy();
  }
}
