import { type ChildProcess, spawn } from "node:child_process";
import { access, constants, stat } from "node:fs/promises";
import path from "node:path";

export interface CommandLimits {
  /** Of each of stdout and stderr; what is more is read and thrown away. */
  maxOutputBytes: number;
  /** What the command may reserve (RLIMIT_DATA), where there is a shell that can set it. */
  maxMemoryBytes?: number | undefined;
  signal?: AbortSignal | undefined;
}

export interface CommandResult {
  /** Null where a signal ended it. */
  exitCode: number | null;
  endedBy: NodeJS.Signals | null;
  stdout: Buffer;
  stderr: Buffer;
  /** Whether more came than was kept. */
  isCut: boolean;
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
  place: { folder: string; environment: Record<string, string> },
  limits: CommandLimits,
): Promise<CommandResult> {
  const [program, ...rest] = command;
  const file = await findProgram(program, place.folder, place.environment.PATH ?? "");
  limits.signal?.throwIfAborted();
  const child = launch(file, rest, place, limits.maxMemoryBytes);
  const outputs = [child.stdout, child.stderr].map((stream) => collect(stream, limits.maxOutputBytes));
  return new Promise((resolve, reject) => {
    let killing: ReturnType<typeof setTimeout> | undefined;
    const end = () => {
      signalGroup(child, "SIGTERM");
      killing ??= setTimeout(() => signalGroup(child, "SIGKILL"), GRACE_MILLISECONDS);
    };
    limits.signal?.addEventListener("abort", end, { once: true });
    let lingering: ReturnType<typeof setTimeout> | undefined;
    const tidy = () => {
      for (const timeout of [killing, lingering]) clearTimeout(timeout);
      limits.signal?.removeEventListener("abort", end);
    };
    child.once("error", (error) => {
      tidy();
      reject(error);
    });
    const finish = (exitCode: number | null, endedBy: NodeJS.Signals | null) => {
      tidy();
      child.stdout?.destroy();
      child.stderr?.destroy();
      const [stdout, stderr] = outputs.map(({ bytes }) => bytes());
      resolve({
        exitCode,
        endedBy,
        stdout: stdout as Buffer,
        stderr: stderr as Buffer,
        isCut: outputs.some(({ isCut }) => isCut()),
      });
    };
    child.once("exit", (exitCode, endedBy) => {
      signalGroup(child, "SIGKILL");
      lingering = setTimeout(() => finish(exitCode, endedBy), LINGER_MILLISECONDS);
    });
    child.once("close", finish);
  });
}

function launch(
  file: string,
  rest: readonly string[],
  { folder, environment }: { folder: string; environment: Record<string, string> },
  maxMemoryBytes: number | undefined,
): ChildProcess {
  const isWindows = process.platform === "win32";
  const options = {
    cwd: folder,
    env: environment,
    stdio: ["ignore", "pipe", "pipe"] as ["ignore", "pipe", "pipe"],
    // A group of its own; on Windows it would be a window.
    detached: !isWindows,
    windowsHide: true,
    shell: false,
  };
  if (maxMemoryBytes === undefined || isWindows) return spawn(file, rest, options);
  // The script is fixed: program and arguments come as its parameters, and are not read as a script.
  const script = `ulimit -c 0; ulimit -d ${Math.floor(maxMemoryBytes / 1024)} || exit 126; exec "$0" "$@"`;
  return spawn("/bin/sh", ["-c", script, file, ...rest], options);
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === "win32") child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // Nobody is left in it.
  }
}

function collect(stream: NodeJS.ReadableStream | null, maxBytes: number) {
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

/**
 * The file of a program: its path, taken from the folder, or the first of its name in the search path. Where that has no
 * `node`, it is the one that this program runs on. Throws when there is none.
 */
export async function findProgram(program: string, folder: string, searchPath: string): Promise<string> {
  const isPath = program.includes("/") || program.includes(path.sep);
  const files = isPath
    ? [path.resolve(folder, program)]
    : searchPath
        .split(path.delimiter)
        .filter(Boolean)
        .map((place) => path.join(place, program));
  for (const file of files) if (await isProgram(file)) return file;
  if (program === "node" && path.parse(process.execPath).name === "node") return process.execPath;
  throw new Error(`there is no program ${program}${isPath ? "" : ` in ${searchPath}`}`);
}

async function isProgram(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}
