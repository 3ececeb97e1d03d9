import { constants } from "node:os";
import { lacksRoomForCode, tellsOfMemory, withoutNativeStack } from "../../processes/fatal-output.js";
import { readDataLimit } from "../../processes/process-limits.js";
import { EngineError } from "../engine-error.js";
import { explainFailedStart, type FailedStart } from "./explain-failed-start.js";
import type { Hang } from "./signs-of-life.js";

/** End of a host process, as far as the program that started it knows. */
export interface HostExit {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  /** End of its output. */
  output: string;
  /** The command that started it, and the error of the system where it could not be started. */
  start: Pick<FailedStart, "command" | "cause">;
  /** Whether its limits were set, so that it may have met one of them. */
  isLimited: boolean;
  /** Whether the host program ran; before that, Node failed and not the engine. */
  hasStarted: boolean;
  /** Reason for which this program ended it; null where it ended by itself. */
  endedAs: Hang | "out-of-memory" | null;
  /** Whether the kernel reports that it killed a process of the host's cgroup because memory ran out. */
  killedForMemory: boolean;
  /** RLIMIT_DATA of this program where it is lower than what the host was to get, in bytes; else null. */
  outerLimitBytes?: number | null | undefined;
}

/** Makes the error for those who were waiting for a host process that ended. */
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
    message: `The engine's process ended in the middle of its work (${nameOf(exit)}).`,
    reason: output || undefined,
    hint: "The next message starts it again. If it happens again, use a smaller context or model.",
  });
}

function hung(hang: Hang): EngineError {
  return new EngineError({
    code: "engine-hung",
    message: "The engine's process made no progress and was ended.",
    reason: {
      still: "It stood still: it was stopped, or it waited for memory or a disk that did not answer.",
      endless: "It computed endlessly, as a model's chat template can.",
      silent: "It said nothing for too long.",
    }[hang],
    hint: "Try again; if it happens again, use another model file or a smaller context.",
  });
}

/** Makes the one error for every way in which memory runs out. */
export function outOfMemory(reason: string | undefined, cause?: unknown): EngineError {
  return new EngineError({
    code: "engine-out-of-memory",
    message: "The engine ran out of the memory that it may take.",
    reason,
    hint: "Choose a smaller context (engine.context) or model; or raise spec.max_memory_mb, if the device has memory to spare.",
    cause,
  });
}

/** A limit around this program is in the way: the budget and the model may well be right. */
function limitAround(bytes: number, output: string): EngineError {
  return new EngineError({
    code: "engine-out-of-memory",
    message: "The engine ran out of the memory that it may take.",
    reason:
      `This program was started with a limit of ${Math.floor(bytes / 2 ** 20)} MB on its data (RLIMIT_DATA), which is less than the engine may take. ${output}`.trim(),
    hint: "Start nanoagent without that limit (ulimit -d, LimitDATA= of systemd), or choose a smaller context (engine.context) or model.",
  });
}

/** A larger budget cannot help here: the limit is around this program, or the system allows no such reservation. */
function noRoomForCode(output: string): EngineError {
  return new EngineError({
    code: "engine-unavailable",
    message: `Node ${process.versions.node} could not start the engine's process within the memory limits of this system.`,
    reason: `Node 23 and newer reserve 512 MB of address space for compiled code when they start. ${output}`.trim(),
    hint: "Start nanoagent without a limit on its data (ulimit -d, LimitDATA= of systemd), or with Node 22, which reserves nothing.",
  });
}

function nameOf({ exitCode, signal }: HostExit): string {
  if (signal === "SIGKILL") return "SIGKILL, as when memory runs out";
  if (signal !== null) return signal;
  if (exitCode === null) return "no exit code";
  const named = Object.entries(constants.signals).find(([, number]) => exitCode === 128 + number);
  return named?.[0] ?? `exit code ${exitCode}`;
}

/** The limit that this program was started with, where the host's own could not be set because of it. */
export function outerLimitBytes(dataBytes: number | undefined, reservedCodeBytes: number): number | null {
  const ownBytes = readDataLimit(process.pid);
  return ownBytes !== null && dataBytes !== undefined && ownBytes < dataBytes + reservedCodeBytes ? ownBytes : null;
}
