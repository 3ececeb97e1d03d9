import type { Readable, Writable } from "node:stream";

/** Standard streams of a command, and the signal that stops it: those of the process, or of a test. */
export interface Streams {
  stdin: Readable & { isTTY?: boolean };
  stdout: Writable & { isTTY?: boolean; columns?: number };
  stderr: Writable & { isTTY?: boolean; columns?: number };
  /** Aborts when the program must end. Its reason is a {@link StopRequest}. */
  stop: AbortSignal;
  /** Handles SIGINT instead of ending the program. Set by interactive input. */
  onInterrupt?: (() => void) | null;
  /** Handles SIGHUP instead of ending the program. Set by a service, which then reads its config again. */
  onHangUp?: (() => void) | null;
  /** Longest time from a stop request to the end of the program, in milliseconds. Default: 3000. */
  stopMilliseconds?: number;
}

/** Cause of an early end of the program, and its exit code. */
export interface StopRequest {
  cause: "signal" | "stdout-closed";
  exitCode: number;
}
