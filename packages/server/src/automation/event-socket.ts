import type { Socket } from "node:net";
import { readLine } from "../status/read-line.js";
import { type SocketFailure, socketFailure } from "../status/socket-failure.js";
import { UserSocket } from "../status/user-socket.js";
import { TriggerError } from "../triggers/trigger-error.js";
import type { AddedEvent, EndedEvent, Triggers } from "../triggers/triggers.js";

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
  | { readonly error: SocketFailure };

/**
 * Takes events of `nanoagent triggers run` through a socket of this user. Resolves with null if there can be none: the
 * service works without it.
 */
export function openEventSocket(findTriggers: () => Triggers | null): Promise<UserSocket | null> {
  return UserSocket.open("triggers", (socket) => void answer(socket, findTriggers));
}

async function answer(socket: Socket, findTriggers: () => Triggers | null): Promise<void> {
  const left = new AbortController();
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
    if (!left.signal.aborted) write({ error: socketFailure(error) });
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
