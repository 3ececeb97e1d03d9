import { rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { NanoAgentError } from "@nanoagent/models";
import { placeOfService } from "../status/service-places.js";
import { TriggerError } from "../triggers/trigger-error.js";
import type { AddedEvent, EndedEvent, Triggers } from "../triggers/triggers.js";
import { readLine } from "./read-line.js";

/** An event that `nanoagent triggers run` adds, as one line of JSON. */
export interface EventRequest {
  readonly trigger: string;
  readonly payload?: unknown;
  readonly topic?: string | undefined;
}

/** Lines that answer it: first `accepted`, then `ended` unless the event is a repeated one; or `error`. */
export type EventReply =
  | { readonly accepted: AddedEvent }
  | { readonly ended: EndedEvent }
  | { readonly error: EventFailure };

export interface EventFailure {
  readonly code: string;
  readonly message: string;
  readonly reason: string | null;
  readonly hint: string | null;
}

/** Takes events of `nanoagent triggers run` through a socket of this user. */
export class EventSocket {
  readonly #server: Server;
  readonly #path: string;
  /** Connections of programs that wait for the end of an event. */
  readonly #open: ReadonlySet<Socket>;

  private constructor(server: Server, path: string, open: ReadonlySet<Socket>) {
    this.#server = server;
    this.#path = path;
    this.#open = open;
  }

  /** Opens the socket. Returns null if this system or folder allows none: the service works without it. */
  static async open(findTriggers: () => Triggers | null): Promise<EventSocket | null> {
    const path = await placeOfService(process.pid, "triggers");
    if (path === null) return null;
    // A socket of this process number was left by a process that has ended.
    if (process.platform !== "win32") await rm(path, { force: true }).catch(() => {});
    const open = new Set<Socket>();
    const server = createServer((socket) => {
      open.add(socket);
      socket.once("close", () => open.delete(socket));
      void answer(socket, findTriggers);
    });
    const isOpen = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(path, () => resolve(true));
    });
    if (!isOpen) return null;
    server.on("error", () => {});
    server.unref();
    return new EventSocket(server, path, open);
  }

  async close(): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    // Closing a socket removes its file; this is for systems where it does not.
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    if (process.platform !== "win32") await rm(this.#path, { force: true }).catch(() => {});
  }
}

async function answer(socket: Socket, findTriggers: () => Triggers | null): Promise<void> {
  const left = new AbortController();
  socket.on("error", () => {});
  socket.once("close", () => left.abort());
  const write = (reply: EventReply) => socket.write(`${JSON.stringify(reply)}\n`);
  try {
    const triggers = findTriggers();
    if (triggers === null) throw triggersNotRunning();
    const { trigger, payload, topic } = JSON.parse(await readLine(socket, left.signal)) as EventRequest;
    const accepted = await triggers.run(trigger, { payload, topic });
    write({ accepted });
    if (!accepted.isRepeated) write({ ended: await triggers.ended(accepted.id, left.signal) });
  } catch (error) {
    const { message } = error as Error;
    const parts = NanoAgentError.isInstance(error) ? error : { code: "unexpected", reason: null, hint: null };
    const { code, reason, hint } = parts;
    if (!left.signal.aborted) write({ error: { code, message, reason, hint } });
  }
  socket.end();
}

function triggersNotRunning(): TriggerError {
  return new TriggerError({
    code: "triggers-not-running",
    message: "No triggers run in this service.",
    hint: "Add triggers to its config, then restart it.",
  });
}
