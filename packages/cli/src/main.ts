#!/usr/bin/env node
import { constants } from "node:os";
import { keepCompiledCode } from "@nanoagent/runtime/code-cache";
import { exitCodes } from "./exit-codes.js";
import { leaveFirstProcess } from "./first-process.js";
import { describeOldNode } from "./node-version.js";
import type { StopRequest, Streams } from "./streams.js";

const { stdout, stderr } = process;
// On an older Node the modules that are loaded later would fail with a misleading error.
const oldNode = describeOldNode(process.versions.node);
if (oldNode !== null) {
  stderr.write(oldNode);
  process.exit(exitCodes.failed);
}
leaveFirstProcess();
keepCompiledCode();
/** Default time from a stop request to the end of the process. Every step of stopping takes less. */
const STOP_MILLISECONDS = 3000;
const stopping = new AbortController();
const stop = (request: StopRequest) => {
  stopping.abort(request);
  // The program ends even if its output is not read or an engine does not stop.
  setTimeout(() => process.exit(request.exitCode), streams.stopMilliseconds ?? STOP_MILLISECONDS).unref();
};
const streams: Streams = {
  // Opened only by a command that reads it.
  get stdin() {
    return process.stdin;
  },
  stdout,
  stderr,
  stop: stopping.signal,
  // `systemctl reload` right after the start must not end a service. It reads its config after this anyway.
  onHangUp: process.argv[2] === "serve" ? () => {} : null,
};

for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  const exitCode = 128 + constants.signals[name];
  process.on(name, () => {
    if (name === "SIGINT" && streams.onInterrupt) return streams.onInterrupt();
    if (name === "SIGHUP" && streams.onHangUp) return streams.onHangUp();
    // A second signal ends the program at once.
    if (stopping.signal.aborted) process.exit(exitCode);
    stop({ cause: "signal", exitCode });
  });
}
stdout.on("error", (error: NodeJS.ErrnoException) => {
  // The reader has closed the pipe, as in `nanoagent … | head -1`.
  if (error.code === "EPIPE") return stop({ cause: "stdout-closed", exitCode: exitCodes.done });
  // A closed terminal causes this error and a signal, in either order.
  if (error.code === "EIO" && stdout.isTTY) return stop({ cause: "signal", exitCode: 128 + constants.signals.SIGHUP });
  stderr.write(`error: Cannot write the output: ${error.message}\n`);
  stop({ cause: "stdout-closed", exitCode: exitCodes.failed });
});
// This error cannot be reported anywhere.
stderr.on("error", () => {});

const { runProgram } = await import("./program.js");
const exitCode = await runProgram(process.argv.slice(2), streams);
// An error of the last write is emitted in a later turn of the event loop.
await new Promise((resolve) => setImmediate(resolve));
const request = stopping.signal.reason as StopRequest | undefined;
process.exitCode = stopping.signal.aborted ? request?.exitCode : exitCode;
// Node 20 fails an assertion when it exits after its terminal was closed. The signal gives the parent the same status.
if (request?.exitCode === 128 + constants.signals.SIGHUP && process.stdin.isTTY) {
  process.removeAllListeners("SIGHUP");
  process.kill(process.pid, "SIGHUP");
}
