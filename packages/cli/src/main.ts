#!/usr/bin/env node
import { constants } from "node:os";
import { keepCompiledCode } from "@nanoagent/runtime/code-cache";
import { exitCodes } from "./exit-codes.js";
import { leaveFirstProcess } from "./first-process.js";
import { describeOldNode } from "./node-version.js";
import type { StopRequest, Streams } from "./streams.js";

const { stdout, stderr } = process;
// The parts that are loaded later import features that an older Node lacks.
const oldNode = describeOldNode(process.versions.node);
if (oldNode !== null) {
  stderr.write(oldNode);
  process.exit(exitCodes.failed);
}
leaveFirstProcess();
keepCompiledCode();
const { runProgram } = await import("./program.js");
/** Longest time from a request to stop until the program exits. */
const STOP_MILLISECONDS = 3000;
const stopping = new AbortController();
const stop = (request: StopRequest) => {
  stopping.abort(request);
  // Output that is not read, or an engine that does not end, must not keep the program alive.
  setTimeout(() => process.exit(request.exitCode), STOP_MILLISECONDS).unref();
};
const streams: Streams = {
  // Opened by the command that reads it, and by no other.
  get stdin() {
    return process.stdin;
  },
  stdout,
  stderr,
  stop: stopping.signal,
};

for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  const exitCode = 128 + constants.signals[name];
  process.on(name, () => {
    if (name === "SIGINT" && streams.onInterrupt) return streams.onInterrupt();
    // The second time: nothing that still goes on is worth waiting for.
    if (stopping.signal.aborted) process.exit(exitCode);
    stop({ cause: "signal", exitCode });
  });
}
stdout.on("error", (error: NodeJS.ErrnoException) => {
  // The reader of the output has seen enough: `nanoagent … | head -1`.
  if (error.code === "EPIPE") return stop({ cause: "stdout-closed", exitCode: exitCodes.done });
  // A terminal that was closed causes this error and a signal, in either order.
  if (error.code === "EIO" && stdout.isTTY) return stop({ cause: "signal", exitCode: 128 + constants.signals.SIGHUP });
  stderr.write(`error: The output cannot be written: ${error.message}\n`);
  stop({ cause: "stdout-closed", exitCode: exitCodes.failed });
});
// No one is left to read an error about this stream.
stderr.on("error", () => {});

const exitCode = await runProgram(process.argv.slice(2), streams);
// The error of a write arrives after it.
await new Promise((resolve) => setImmediate(resolve));
const request = stopping.signal.reason as StopRequest | undefined;
process.exitCode = stopping.signal.aborted ? request?.exitCode : exitCode;
// Node 20 fails an assertion when its terminal is gone. Ending by the signal looks the same to the parent.
if (request?.exitCode === 128 + constants.signals.SIGHUP && process.stdin.isTTY) {
  process.removeAllListeners("SIGHUP");
  process.kill(process.pid, "SIGHUP");
}
