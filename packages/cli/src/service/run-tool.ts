import { spawn } from "node:child_process";

/** Longest run of a program that only asks systemd or changes its settings. */
const USUAL_MILLISECONDS = 60_000;
/** Most bytes of output that are kept. */
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;

export interface ProgramOutcome {
  /** Null if a signal ended it. */
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  milliseconds?: number;
  /** Default: the environment of this process. */
  environment?: Readonly<Record<string, string | undefined>>;
  folder?: string;
  /** Receives the output while the program runs, instead of keeping it. */
  onOutput?: (text: string) => void;
  signal?: AbortSignal;
}

/** Runs a program without a shell. Rejects if it cannot be started. */
export type RunTool = (program: string, args: readonly string[], options?: RunOptions) => Promise<ProgramOutcome>;

export const runTool: RunTool = (program, args, options = {}) => {
  const { milliseconds = USUAL_MILLISECONDS, environment = process.env, folder, onOutput, signal } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...environment },
      ...(folder !== undefined && { cwd: folder }),
      ...(signal !== undefined && { signal }),
    });
    const timer = Number.isFinite(milliseconds) ? setTimeout(() => child.kill("SIGKILL"), milliseconds) : undefined;
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (onOutput !== undefined) onOutput(text);
      else if (stdout.length < MAX_OUTPUT_BYTES) stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      if (stderr.length < MAX_OUTPUT_BYTES) stderr += text;
    });
    child.once("error", (error) => {
      clearTimeout(timer);
      if (signal?.aborted) resolve({ exitCode: null, stdout, stderr });
      else reject(error);
    });
    child.once("close", (exitCode) => {
      clearTimeout(timer);
      resolve({ exitCode, stdout, stderr });
    });
  });
};
