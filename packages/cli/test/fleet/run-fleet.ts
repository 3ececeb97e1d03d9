import { PassThrough } from "node:stream";
import { runProgram } from "../../src/program.js";
import type { Streams } from "../../src/streams.js";

export interface FleetRun {
  readonly exitCode: Promise<number>;
  /** Output until now. */
  readonly stdout: string;
  readonly stderr: string;
  /** Stops it as Ctrl-C does. */
  stop(): void;
}

/** Runs `nanoagent fleet` from the sources. */
export function startFleet(args: readonly string[], columns?: number): FleetRun {
  const stopping = new AbortController();
  const texts = { stdout: "", stderr: "" };
  const output = (name: keyof typeof texts) => {
    const stream: PassThrough & { isTTY?: boolean; columns?: number } = new PassThrough().setEncoding("utf8");
    stream.on("data", (text) => {
      texts[name] += text;
    });
    if (columns !== undefined) Object.assign(stream, { isTTY: name === "stdout", columns });
    return stream;
  };
  const streams: Streams = {
    stdin: new PassThrough(),
    stdout: output("stdout"),
    stderr: output("stderr"),
    stop: stopping.signal,
  };
  return {
    exitCode: runProgram(["fleet", ...args], streams),
    get stdout() {
      return texts.stdout;
    },
    get stderr() {
      return texts.stderr;
    },
    stop: () => stopping.abort({ cause: "signal", exitCode: 130 }),
  };
}

export interface FleetResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `nanoagent fleet` from the sources, to its end. */
export async function runFleet(args: readonly string[], columns?: number): Promise<FleetResult> {
  const run = startFleet(args, columns);
  const exitCode = await run.exitCode;
  await new Promise((resolve) => setImmediate(resolve));
  const { stdout, stderr } = run;
  return { exitCode, stdout, stderr };
}
