import { connect } from "node:net";
import type { FoundService } from "../status/find-services.js";
import { readLines } from "../status/read-line.js";
import { siblingPlace } from "../status/service-places.js";
import type { SocketFailure } from "../status/socket-failure.js";
import { TriggerError, type TriggerErrorCode } from "../triggers/trigger-error.js";
import type { AddedEvent, EndedEvent } from "../triggers/triggers.js";
import type { EventReply, EventRequest } from "./event-socket.js";

export interface RunOptions {
  /** Ends the wait. The event stays in the queue. */
  readonly signal: AbortSignal;
  /** Called as soon as the event is on disk. */
  readonly onAccepted: (event: AddedEvent) => void;
}

/**
 * Adds an event through a running service, and waits until the work on it has ended. Returns null for a repeated event.
 * Rejects with {@link TriggerError}, and with the reason of the signal.
 */
export async function runThroughService(
  { socket: place }: FoundService,
  request: EventRequest,
  { signal, onAccepted }: RunOptions,
): Promise<EndedEvent | null> {
  signal.throwIfAborted();
  const socket = connect(siblingPlace(place, "triggers"));
  const stop = () => socket.destroy();
  signal.addEventListener("abort", stop, { once: true });
  try {
    socket.write(`${JSON.stringify(request)}\n`);
    for await (const line of readLines(socket)) {
      const reply = JSON.parse(line) as EventReply;
      if ("accepted" in reply) {
        onAccepted(reply.accepted);
        if (reply.accepted.isRepeated) return null;
      } else if ("ended" in reply) return reply.ended;
      else throw errorOf(reply.error);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof TriggerError ? error : connectionLost(error);
  } finally {
    signal.removeEventListener("abort", stop);
    socket.destroy();
  }
  signal.throwIfAborted();
  throw connectionLost(undefined);
}

function errorOf({ code, message, reason, hint }: SocketFailure): TriggerError {
  const texts = { message, reason: reason ?? undefined, hint: hint ?? undefined };
  return new TriggerError({ code: code as TriggerErrorCode, ...texts });
}

function connectionLost(cause: unknown): TriggerError {
  return new TriggerError({
    code: "triggers-not-running",
    message: "The service did not answer, or ended before the event did.",
    hint: "An event that it had taken goes on at its next start: see nanoagent triggers log.",
    cause,
  });
}
