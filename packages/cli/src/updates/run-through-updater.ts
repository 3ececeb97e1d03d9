import { connect } from "node:net";
import { type ApplyResult, FleetError, type FleetErrorCode, type UpdateStep } from "@nanoagent/fleet/bundles";
import { findPlace, readLines, type SocketFailure } from "@nanoagent/server/program";
import type { UpdateReply, UpdateRequest } from "./update-request.js";

export type { UpdateRequest } from "./update-request.js";

export interface ThroughUpdaterOptions {
  /** Abandons the update, unless its change has begun: then the service finishes it. */
  readonly signal: AbortSignal;
  readonly onStep: (step: UpdateStep, share: number | null) => void;
}

/**
 * Lets the running service that holds a folder of releases change it, and waits for the end. `processId`: the owner of the
 * claim. Rejects with {@link FleetError} `releases-busy` if that process has no updater that this user can reach, with the
 * error of the update, and with the reason of the signal.
 */
export async function runThroughUpdater(
  processId: number,
  request: UpdateRequest,
  { signal, onStep }: ThroughUpdaterOptions,
): Promise<ApplyResult> {
  signal.throwIfAborted();
  const place = await findPlace(processId, "updates");
  if (place === null) throw unreachable(processId);
  const socket = connect(place);
  const stop = () => socket.destroy();
  signal.addEventListener("abort", stop, { once: true });
  let hasAnswered = false;
  try {
    socket.write(`${JSON.stringify(request)}\n`);
    for await (const line of readLines(socket)) {
      hasAnswered = true;
      const reply = JSON.parse(line) as UpdateReply;
      if ("step" in reply) onStep(reply.step, reply.share);
      else if ("result" in reply) return reply.result;
      else throw errorOf(reply.error);
    }
  } catch (error) {
    signal.throwIfAborted();
    if (FleetError.isInstance(error)) throw error;
    throw hasAnswered ? connectionLost(error) : unreachable(processId, error);
  } finally {
    signal.removeEventListener("abort", stop);
    socket.destroy();
  }
  signal.throwIfAborted();
  throw connectionLost(undefined);
}

function errorOf({ code, message, reason, hint }: SocketFailure): FleetError {
  const texts = { message, reason: reason ?? undefined, hint: hint ?? undefined };
  return new FleetError({ code: code as FleetErrorCode, ...texts });
}

function unreachable(processId: number, cause?: unknown): FleetError {
  return new FleetError({
    code: "releases-busy",
    message: `The process ${processId} uses this folder of releases, and cannot be asked to change it.`,
    reason: "It takes no updates, or it is a service of another user.",
    hint: "Run the command as the user of the service, or stop that process first.",
    cause,
  });
}

function connectionLost(cause: unknown): FleetError {
  return new FleetError({
    code: "releases-busy",
    message: "The service ended during the update.",
    reason: "Its next start works with the old release or with the new one.",
    hint: "Start the service, then run the same command again.",
    cause,
  });
}
