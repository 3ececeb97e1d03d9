import type { Readable, Writable } from "node:stream";

/** Where a command reads and writes, and what tells it to stop: the process's own streams, or a test's. */
export interface Streams {
  stdin: Readable & { isTTY?: boolean };
  stdout: Writable & { isTTY?: boolean; columns?: number };
  stderr: Writable;
  /** Aborts when the program is told to end; its reason is a {@link StopRequest}. */
  stop: AbortSignal;
}

/** Why the program ends before it is done, and the exit code that says so. */
export interface StopRequest {
  cause: "signal" | "stdout-closed";
  exitCode: number;
}
