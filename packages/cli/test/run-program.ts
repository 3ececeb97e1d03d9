import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../..");
export const program = path.join(repository, "packages/cli/dist/main.js");
export const exampleConfig = path.join(repository, "examples/field-assistant/agent.yaml");

export interface ProgramResult {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** Starts the built program. */
export function startProgram(
  args: readonly string[],
  environment: Record<string, string> = {},
): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [program, ...args], { env: { ...process.env, ...environment } });
}

/** Runs the built program with this text on its standard input, to its end. */
export async function runProgram(
  args: readonly string[],
  input: string | Uint8Array = "",
  environment: Record<string, string> = {},
): Promise<ProgramResult> {
  const child = startProgram(args, environment);
  // A program that ends early does not read the rest of its input.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  return resultOf(child);
}

/** Collects the output of a program until it ends. */
export async function resultOf(child: ChildProcessWithoutNullStreams): Promise<ProgramResult> {
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  const [exitCode, signal] = await once(child, "close");
  return { exitCode, signal, stdout, stderr };
}

/** Waits until the program has printed a text. Fails if it ends before. */
export async function untilPrinted(child: ChildProcessWithoutNullStreams, text: string): Promise<void> {
  let stdout = "";
  await new Promise<void>((resolve, reject) => {
    child.stdout.on("data", (piece) => {
      stdout += piece;
      if (stdout.includes(text)) resolve();
    });
    child.once("close", () =>
      reject(new Error(`It ended without printing ${JSON.stringify(text)}: ${JSON.stringify(stdout)}`)),
    );
  });
}
