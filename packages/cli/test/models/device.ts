import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";
import { type ProgramResult, program, resultOf } from "../run-program.js";

/** Variables that the program gets from the machine of the tests. All others could change what it does. */
const INHERITED = ["PATH", "TMPDIR", "SystemRoot"] as const;

/** Homes of a device of their own: the program finds no model, token or setting of this machine. */
export class Device {
  readonly folder: string;
  /** Variables of the program, which a test may change. */
  readonly environment: Record<string, string>;

  constructor(variables: Readonly<Record<string, string>> = {}, folder?: string) {
    this.folder = folder ?? temporaryFolder();
    this.environment = {
      ...Object.fromEntries(INHERITED.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : []))),
      HOME: this.at("home"),
      HF_HOME: this.at("hugging-face"),
      OLLAMA_MODELS: this.at("ollama"),
      XDG_CONFIG_HOME: this.at("config"),
      XDG_DATA_HOME: this.at("data"),
      XDG_STATE_HOME: this.at("state"),
      ...variables,
    };
    mkdirSync(this.at("home"), { recursive: true });
  }

  at(...names: string[]): string {
    return path.join(this.folder, ...names);
  }

  /** Folder of the hub's cache that has the files of a repository. */
  cacheOf(repository: string): string {
    return this.at("hugging-face", "hub", `models--${repository.replace("/", "--")}`);
  }

  start(args: readonly string[], variables: Readonly<Record<string, string>> = {}): ChildProcessWithoutNullStreams {
    const child = spawn(process.execPath, [program, ...args], {
      env: { ...this.environment, ...variables },
      cwd: this.at("home"),
    });
    // A program that ends early does not read the rest of its input.
    child.stdin.on("error", () => {});
    return child;
  }

  async run(
    args: readonly string[],
    { input = "", ...variables }: Readonly<Record<string, string>> = {},
  ): Promise<ProgramResult> {
    const child = this.start(args, variables);
    child.stdin.end(input);
    return resultOf(child);
  }

  /** Runs `nanoagent models …`. */
  models(...args: string[]): Promise<ProgramResult> {
    return this.run(["models", ...args]);
  }

  /** Runs a command that prints JSON, and returns it. Throws if the command fails. */
  async json<Value>(...args: string[]): Promise<Value> {
    const { exitCode, stdout, stderr } = await this.run([...args, "--json"]);
    if (exitCode !== 0) throw new Error(`Exit code ${exitCode}: ${stdout}${stderr}`);
    return JSON.parse(stdout) as Value;
  }

  /** Writes a file and its folders. Returns its path. */
  write(name: string, contents: string | Uint8Array): string {
    const file = this.at(name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, contents);
    return file;
  }
}

/** Returns a folder that is removed after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), "nanoagent-models-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Paths of all files below a folder, relative to it and sorted. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort();
}

/** The lines of JSON that a program printed. */
// biome-ignore lint/suspicious/noExplicitAny: tests compare the lines with their shapes.
export function linesOf(stdout: string): any[] {
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}
