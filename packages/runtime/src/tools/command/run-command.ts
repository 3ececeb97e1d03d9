import { type LaunchTool, launchFreely } from "../../memory/tool-memory.js";
import { onAbort } from "../../on-abort.js";
import type { DataLimit } from "../../processes/code-reservation.js";
import { findProgram, type ProgramPlace, signalGroup } from "../../processes/launch-program.js";

export interface CommandLimits {
  /** Of stdout its beginning is kept, of stderr its end, where the error is; the rest is read and thrown away. */
  maxOutputBytes: number;
  /** Memory that the command may reserve, in bytes, beside what Node reserves for code; where the system can limit it. */
  maxMemoryBytes?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Starts it. Default: without a budget. */
  launch?: LaunchTool | undefined;
}

export interface CommandResult {
  /** Null where a signal ended it. */
  exitCode: number | null;
  endedBy: NodeJS.Signals | null;
  stdout: Buffer;
  stderr: Buffer;
  /** Whether more came on stdout than was kept. */
  isCut: boolean;
  /** The limit that it had; null without one. */
  limit: DataLimit | null;
  /** What it may take, in words. */
  allowance: string;
  /** Why it was ended, where that was for its memory; else null. */
  excess: string | null;
}

/** From a request to end until the end. An abort is to be over within 250 ms. */
const GRACE_MILLISECONDS = 150;
/** Whoever holds a dead command's output open, such as a child of its own, is not waited for any longer. */
const LINGER_MILLISECONDS = 100;

/**
 * Runs a program without a shell and without input, in a process group of its own, and sees that nothing of the group is
 * left behind: on an abort it is asked to end, then killed; what the program leaves running is killed too. Rejects when
 * it cannot be started.
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
  // A pipe that breaks has said all that it will say.
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
    // A copy, so that nothing of what is thrown away is held.
    chunks = [Buffer.from(bytes())];
    length = maxBytes;
  });
  stream?.on("error", () => {});
  return { bytes };
}
