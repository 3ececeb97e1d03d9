import { connect } from "node:net";
import { type ApplyResult, FleetError, type FleetErrorCode, type UpdateStep } from "@nanoagent/fleet/bundles";
import { NanoAgentError } from "@nanoagent/models";
import { findPlace, readLines, type SocketFailure } from "@nanoagent/server/program";
import type { UpdateReply, UpdateRequest } from "./update-request.js";

export type { UpdateRequest } from "./update-request.js";

/** Time that the service has to say that it gives an update up. */
const STOP_MILLISECONDS = 5000;
/** Step from which on the service finishes the update. */
const CHANGE: UpdateStep = "starting";

/** The service that uses the folder cannot be asked. It may be about to start or to end. */
export class UnreachableService extends FleetError {}

export interface ThroughUpdaterOptions {
  /** Abandons the update, unless its release may be in use: then the service finishes it. */
  readonly signal: AbortSignal;
  readonly onStep: (step: UpdateStep, share: number | null) => void;
}

/**
 * Lets the running service that holds a folder of releases change it, and waits for the end. `processId`: the owner of the
 * claim. Rejects with {@link FleetError} `releases-busy` if that process has no updater that this user can reach, with
 * the error of the update, with `update-undecided` if the service ends meanwhile, and with `aborted` after the signal, which says
 * whether the service goes on.
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
  const state = { hasAnswered: false, hasBegun: false };
  let timer: NodeJS.Timeout | undefined;
  const stop = () => {
    if (state.hasBegun || !state.hasAnswered) return void socket.destroy();
    socket.write("stop\n");
    timer = setTimeout(() => socket.destroy(), STOP_MILLISECONDS);
  };
  signal.addEventListener("abort", stop, { once: true });
  try {
    socket.write(`${JSON.stringify(request)}\n`);
    for await (const line of readLines(socket)) {
      state.hasAnswered = true;
      const reply = JSON.parse(line) as UpdateReply;
      if ("result" in reply) return reply.result;
      if ("error" in reply) throw signal.aborted ? interrupted(GIVEN_UP) : endOf(reply.error, processId, state);
      state.hasBegun ||= reply.step === CHANGE;
      onStep(reply.step, reply.share);
      if (signal.aborted && state.hasBegun) break;
    }
  } catch (error) {
    if (NanoAgentError.isInstance(error)) throw error;
    if (!signal.aborted) throw state.hasAnswered ? connectionLost(error) : unreachable(processId, error);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    socket.destroy();
  }
  if (signal.aborted) throw interrupted(state.hasBegun ? GOES_ON : state.hasAnswered ? UNSURE : GIVEN_UP);
  throw state.hasAnswered ? connectionLost(undefined) : unreachable(processId);
}

const GIVEN_UP = "Interrupted before the new release was in use, so the service gives the update up.";
const GOES_ON = "Interrupted, but the new release may be in use, so the service goes on with the update.";
const UNSURE = "Interrupted. The service gives the update up, unless the new release is in use.";

function interrupted(message: string): NanoAgentError {
  const hint =
    message === GIVEN_UP
      ? "Run the same command again to apply it."
      : "Run the same command again, or nanoagent status, to see the outcome.";
  return new NanoAgentError({ code: "aborted", message, hint });
}

/** Returns the error of a reply. A service that ends has not begun, or leaves the outcome open. */
function endOf(failure: SocketFailure, processId: number, { hasBegun }: { hasBegun: boolean }): FleetError {
  if (failure.code !== "update-undecided") return errorOf(failure);
  return hasBegun ? connectionLost(undefined) : unreachable(processId);
}

function errorOf({ code, message, reason, hint }: SocketFailure): FleetError {
  const texts = { message, reason: reason ?? undefined, hint: hint ?? undefined };
  return new FleetError({ code: code as FleetErrorCode, ...texts });
}

function unreachable(processId: number, cause?: unknown): FleetError {
  return new UnreachableService({
    code: "releases-busy",
    message: `The process ${processId} uses this folder of releases, and cannot be asked to change it.`,
    reason: "It takes no updates, or it is a service of another user.",
    hint: "Run the command as the user of the service, or stop that process first.",
    cause,
  });
}

function connectionLost(cause: unknown): FleetError {
  return new FleetError({
    code: "update-undecided",
    message: "The service ended during the update.",
    reason: "Its next start works with the old release or with the new one.",
    hint: "Start the service, then run the same command again.",
    cause,
  });
}
