import { type LaunchTool, launchFreely } from "../../memory/tool-memory.js";
import { onAbort } from "../../on-abort.js";
import type { DataLimit } from "../../processes/code-reservation.js";
import { findProgram, type ProgramPlace, signalGroup } from "../../processes/launch-program.js";

export interface CommandLimits {
  /** Most bytes that are kept of each stream: the beginning of stdout, and the end of stderr, where the error is. */
  maxOutputBytes: number;
  /** Memory that the command may reserve in addition to Node's code, in bytes, where the system can enforce it. */
  maxMemoryBytes?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Starts the command. Default: without a memory budget. */
  launch?: LaunchTool | undefined;
}

export interface CommandResult {
  /** Null where a signal ended it. */
  exitCode: number | null;
  endedBy: NodeJS.Signals | null;
  stdout: Buffer;
  stderr: Buffer;
  /** Whether stdout was longer than the limit. */
  isCut: boolean;
  /** Memory limit of the process, or null. */
  limit: DataLimit | null;
  /** Allowed memory, in words. */
  allowance: string;
  /** Why the command was stopped for its memory use, or null. */
  excess: string | null;
}

/** Time between SIGTERM and SIGKILL. An abort should take at most 250 ms. */
const GRACE_MILLISECONDS = 150;
/** Time to wait for output that another process keeps open after the command ended. */
const LINGER_MILLISECONDS = 100;

/**
 * Runs a program without a shell or input, in its own process group, and leaves no process behind: an abort sends
 * SIGTERM, then SIGKILL, and processes that the program leaves running are killed. Rejects when it cannot be started.
 */
export async function runCommand(
  command: readonly [program: string, ...rest: string[]],
  place: ProgramPlace,
  limits: CommandLimits,
): Promise<CommandResult> {
  const [program, ...rest] = command;
  const file = await findProgram(program, place);
  const { launch = launchFreely, maxMemoryBytes, signal } = limits;
  const launched = await launch({ file, rest, place, stdin: "ignore", maxMemoryBytes, signal });
  const { child, limit, allowance } = launched;
  const stdout = collectBeginning(child.stdout, limits.maxOutputBytes);
  const stderr = collectEnd(child.stderr, limits.maxOutputBytes);
  return new Promise((resolve, reject) => {
    let killing: ReturnType<typeof setTimeout> | undefined;
    const end = () => {
      signalGroup(child, "SIGTERM");
      killing ??= setTimeout(() => signalGroup(child, "SIGKILL"), GRACE_MILLISECONDS);
    };
    const stopListening = onAbort(limits.signal, end);
    let lingering: ReturnType<typeof setTimeout> | undefined;
    const tidy = () => {
      for (const timeout of [killing, lingering]) clearTimeout(timeout);
      stopListening();
    };
    child.once("error", (error) => {
      tidy();
      reject(error);
    });
    const finish = (exitCode: number | null, endedBy: NodeJS.Signals | null) => {
      tidy();
      child.stdout?.destroy();
      child.stderr?.destroy();
      const output = { stdout: stdout.bytes(), stderr: stderr.bytes(), isCut: stdout.isCut() };
      resolve({ exitCode, endedBy, ...output, limit, allowance, excess: launched.excess });
    };
    child.once("exit", (exitCode, endedBy) => {
      lingering = setTimeout(() => finish(exitCode, endedBy), LINGER_MILLISECONDS);
    });
    child.once("close", finish);
  });
}

function collectBeginning(stream: NodeJS.ReadableStream | null, maxBytes: number) {
  const chunks: Buffer[] = [];
  let length = 0;
  let isCut = false;
  stream?.on("data", (chunk: Buffer) => {
    const room = maxBytes - length;
    isCut ||= chunk.length > room;
    if (room <= 0) return;
    chunks.push(chunk.subarray(0, room));
    length += Math.min(room, chunk.length);
  });
  // A broken pipe sends nothing more.
  stream?.on("error", () => {});
  return { bytes: () => Buffer.concat(chunks), isCut: () => isCut };
}

function collectEnd(stream: NodeJS.ReadableStream | null, maxBytes: number) {
  let chunks: Buffer[] = [];
  let length = 0;
  const bytes = () => Buffer.concat(chunks).subarray(-maxBytes);
  stream?.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    length += chunk.length;
    if (length <= 2 * maxBytes) return;
    // A copy, so that the discarded data is freed.
    chunks = [Buffer.from(bytes())];
    length = maxBytes;
  });
  stream?.on("error", () => {});
  return { bytes };
}
