import { constants } from "node:os";
import { lacksRoomForCode, tellsOfMemory, withoutNativeStack } from "../../processes/fatal-output.js";
import { readDataLimit } from "../../processes/process-limits.js";
import { EngineError } from "../engine-error.js";
import { explainFailedStart, type FailedStart } from "./explain-failed-start.js";
import type { Hang } from "./signs-of-life.js";

/** Facts about the end of a host process. */
export interface HostExit {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  /** End of the process's output. */
  output: string;
  /** Start command, and the system's error if the process could not be started. */
  start: Pick<FailedStart, "command" | "cause">;
  /** Whether limits were set, so that the process may have reached one. */
  isLimited: boolean;
  /** Whether the host program ran. If not, Node failed and not the engine. */
  hasStarted: boolean;
  /** Reason why this program killed the process, or null if it ended by itself. */
  endedAs: Hang | "out-of-memory" | null;
  /** Whether the kernel reports an out-of-memory kill in the host's cgroup. */
  killedForMemory: boolean;
  /** RLIMIT_DATA of this program in bytes if it is lower than the host's intended limit, otherwise null. */
  outerLimitBytes?: number | null | undefined;
}

/** Returns the error for requests that were waiting for a host process when it ended. */
export function describeExit(exit: HostExit): EngineError {
  const output = withoutNativeStack(exit.output);
  if (!exit.hasStarted && lacksRoomForCode(exit.output)) return noRoomForCode(output);
  const ranOut =
    exit.endedAs === "out-of-memory" ||
    exit.killedForMemory ||
    (exit.endedAs === null && exit.isLimited && tellsOfMemory(exit.output));
  if (ranOut && exit.outerLimitBytes != null && !exit.killedForMemory) return limitAround(exit.outerLimitBytes, output);
  if (ranOut) return outOfMemory(output || nameOf(exit));
  if (exit.endedAs !== null && exit.endedAs !== "out-of-memory") return hung(exit.endedAs);
  const { exitCode, signal, start } = exit;
  const failedStart = exit.hasStarted ? null : explainFailedStart({ ...start, exitCode, signal, output });
  if (failedStart !== null) return failedStart;
  return new EngineError({
    code: "engine-crashed",
    message: `The engine's process ended during a request (${nameOf(exit)}).`,
    reason: output || undefined,
    hint: "Try again, which restarts it. If this repeats, use a smaller context or model.",
  });
}

function hung(hang: Hang): EngineError {
  return new EngineError({
    code: "engine-hung",
    message: "The engine's process made no progress and was killed.",
    reason: {
      still: "It was idle: it was stopped, or it waited for memory or a disk that did not respond.",
      endless: "It kept computing without end, which a model's chat template can cause.",
      silent: "It sent no sign of life for too long.",
    }[hang],
    hint: "Try again. If this repeats, use another model file or a smaller context.",
  });
}

/** Returns the error that is used for all out-of-memory causes. */
export function outOfMemory(reason: string | undefined, cause?: unknown): EngineError {
  return new EngineError({
    code: "engine-out-of-memory",
    message: "The engine ran out of memory.",
    reason,
    hint: "Choose a smaller context (engine.context) or model, or raise spec.max_memory_mb if the device has memory to spare.",
    cause,
  });
}

/** A limit on this program was reached, even though the budget and the model may be fine. */
function limitAround(bytes: number, output: string): EngineError {
  return new EngineError({
    code: "engine-out-of-memory",
    message: "The engine ran out of memory.",
    reason:
      `This program was started with a data limit (RLIMIT_DATA) of ${Math.floor(bytes / 2 ** 20)} MB, which is less than the engine's limit. ${output}`.trim(),
    hint: "Start nanoagent without that limit (ulimit -d, systemd's LimitDATA=), or choose a smaller context (engine.context) or model.",
  });
}

/** A larger budget would not help here: this program has a limit, or the system does not allow the reservation. */
function noRoomForCode(output: string): EngineError {
  return new EngineError({
    code: "engine-unavailable",
    message: `Node ${process.versions.node} could not start the engine's process within this system's memory limits.`,
    reason: `Node 23 and newer reserve 512 MB of address space for compiled code at startup. ${output}`.trim(),
    hint: "Start nanoagent without a data limit (ulimit -d, systemd's LimitDATA=), or with Node 22, which reserves none.",
  });
}

function nameOf({ exitCode, signal }: HostExit): string {
  if (signal === "SIGKILL") return "SIGKILL, often a sign of low memory";
  if (signal !== null) return signal;
  if (exitCode === null) return "no exit code";
  const named = Object.entries(constants.signals).find(([, number]) => exitCode === 128 + number);
  return named?.[0] ?? `exit code ${exitCode}`;
}

/** Returns the data limit of this program if it prevented the host's own limit from being set, otherwise null. */
export function outerLimitBytes(dataBytes: number | undefined, reservedCodeBytes: number): number | null {
  const ownBytes = readDataLimit(process.pid);
  return ownBytes !== null && dataBytes !== undefined && ownBytes < dataBytes + reservedCodeBytes ? ownBytes : null;
}
