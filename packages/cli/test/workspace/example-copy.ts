import { spawn } from "node:child_process";
import { cp, mkdtemp, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { type ProgramResult, program, repository, resultOf } from "../run-program.js";

export interface Reply {
  content: string;
  /** The tools that ran, or failed, in this turn. */
  tools: { name: string; arguments: unknown; is_error: boolean }[];
}

/** A copy of an example, so that its state is not kept in the repository. */
export class ExampleCopy {
  /** A folder with the same places as the repository. */
  readonly root: string;
  /** The folder of the example in it. */
  readonly place: string;

  private constructor(root: string, name: string) {
    this.root = root;
    this.place = path.join(root, "examples", name);
  }

  /** Copies an example, and what it is run by, into a new folder within `folder`. */
  static async of(name: string, folder: string): Promise<ExampleCopy> {
    const copy = new ExampleCopy(await mkdtemp(path.join(folder, "clone-")), name);
    await cp(path.join(repository, "examples", name), copy.place, {
      recursive: true,
      filter: (file) => path.basename(file) !== "state",
    });
    await cp(path.join(repository, "scripts/start.mjs"), path.join(copy.root, "scripts/start.mjs"));
    await symlink(path.join(repository, "packages"), path.join(copy.root, "packages"));
    return copy;
  }

  /** Runs the built program in the example's folder. */
  nanoagent(commandLine: readonly string[], input = "", environment: Record<string, string> = {}) {
    return this.#run([program, ...commandLine], input, environment);
  }

  /** Runs a script of the example as its config does. */
  script(commandLine: readonly string[], environment: Record<string, string> = {}, input = ""): Promise<ProgramResult> {
    return this.#run(commandLine, input, environment);
  }

  /** Returns the parsed output of a script. Rejects if the script fails. */
  async result(commandLine: readonly string[], environment: Record<string, string> = {}): Promise<unknown> {
    const { exitCode, stdout, stderr } = await this.script(commandLine, environment);
    if (exitCode !== 0) throw new Error(`${commandLine.join(" ")} ended with ${exitCode}: ${stderr}`);
    return JSON.parse(stdout);
  }

  /** The agent's reply to each of these messages, where nobody can be asked. */
  async replies(messages: readonly string[], environment: Record<string, string> = {}): Promise<Reply[]> {
    const input = messages.map((content) => `${JSON.stringify({ content })}\n`).join("");
    const { stdout, stderr } = await this.nanoagent(["run", "--jsonl"], input, environment);
    const lines = stdout.trimEnd().split("\n");
    if (lines.length !== messages.length) throw new Error(`${lines.length} replies: ${stdout}${stderr}`);
    return lines.map((line) => {
      const { content, tool_calls = [] } = JSON.parse(line);
      return { content, tools: tool_calls };
    });
  }

  /** Deletes lines of the config, as its reader is told to do. */
  async deleteFromConfig(lines: RegExp): Promise<void> {
    const file = path.join(this.place, "agent.yaml");
    const config = await readFile(file, "utf8");
    const changed = config.replace(lines, "");
    if (changed === config) throw new Error(`${file} has no lines like ${lines}`);
    await writeFile(file, changed);
  }

  /** The config with the lines that its comment offers for a model, as a reader would uncomment them. */
  async writeConfigWithModel(name: string): Promise<string> {
    const config = await readFile(path.join(this.place, "agent.yaml"), "utf8");
    const file = path.join(this.place, name);
    const lines = config.split("\n");
    const first = lines.findIndex((line) => line.startsWith("# model_path:"));
    const last = lines.indexOf("", first);
    await writeFile(
      file,
      lines.map((line, index) => (index >= first && index < last ? line.slice(2) : line)).join("\n"),
    );
    return file;
  }

  #run(commandLine: readonly string[], input: string, environment: Record<string, string>): Promise<ProgramResult> {
    const env = { ...process.env, ...environment };
    const child = spawn(process.execPath, commandLine, { cwd: this.place, env });
    // A program that ends early does not read what is left.
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    return resultOf(child);
  }
}
