import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { expect } from "vitest";
import { program, repository } from "../run-program.js";

const execute = promisify(execFile);

/** The code blocks of a document, in one language. */
export async function codeBlocks(file: string, language: string): Promise<string[]> {
  const text = await readFile(path.join(repository, file), "utf8");
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "gms"))].map(([, code]) => code ?? "");
}

/** Variables of an environment. */
export type Variables = Readonly<Record<string, string>>;

/** Runs the code of documents, in a temporary folder of its own. */
export class DocumentRunner {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async open(): Promise<DocumentRunner> {
    const folder = await mkdtemp(path.join(tmpdir(), "nanoagent-documents-"));
    await mkdir(path.join(folder, "bin"));
    await symlink(program, path.join(folder, "bin", "nanoagent"));
    return new DocumentRunner(folder);
  }

  close(): Promise<void> {
    return rm(this.folder, { recursive: true });
  }

  /**
   * Runs a TypeScript program on the sources of the packages, as if it were in `place`, with more variables in its
   * environment. Returns what it printed.
   */
  async runTypeScript(code: string, place = "packages/cli", variables: Variables = {}): Promise<string> {
    const outfile = path.join(this.folder, `program-${Math.random()}.mjs`);
    await build({
      stdin: { contents: code, loader: "ts", resolveDir: path.join(repository, place) },
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node20",
      mainFields: ["module", "main"],
      conditions: ["@nanoagent/source"],
      external: ["yaml", "@modelcontextprotocol/client"],
      outfile,
    });
    // Its state belongs into this folder, and not to the person who runs the tests.
    const env = { ...process.env, XDG_STATE_HOME: path.join(this.folder, "state"), ...variables };
    return (await execute(process.execPath, [outfile], { env, timeout: 40_000 })).stdout;
  }

  /** Runs the commands of a document in the folder `place`, and fails if one prints anything else; returns their number. */
  async runCommands(file: string, place: string): Promise<number> {
    let count = 0;
    for (const block of await codeBlocks(file, "console")) count += await this.runConsole(block, place);
    return count;
  }

  /**
   * Runs the commands of one block in the folder `place`, with more variables in their environment, and compares what
   * they print; returns their number.
   */
  async runConsole(
    block: string,
    place: string,
    { comparable = normalize, variables = {} }: { comparable?: typeof normalize; variables?: Variables } = {},
  ): Promise<number> {
    const commands = block.split(/^\$ /m).slice(1);
    for (const entry of commands) {
      const [command = "", ...printed] = entry.split("\n");
      const search = `${path.join(this.folder, "bin")}${path.delimiter}${process.env.PATH}`;
      // The program keeps its files for this user in this folder, too.
      const env = { ...process.env, PATH: search, XDG_STATE_HOME: path.join(this.folder, "state"), ...variables };
      const run = execute("sh", ["-c", `{ ${command}\n} 2>&1`], { cwd: place, env });
      run.child.stdin?.end();
      const { stdout } = await run.catch((error: { stdout: string }) => error);
      expect(comparable(stdout), command).toBe(comparable(printed.join("\n")));
    }
    return commands.length;
  }
}

/** The output of a program without what depends on the machine. */
export function normalize(output: string): string {
  return (
    output
      .replace(/^(Device ID|Platform|Memory|CPU Cores|GPU|Est\. latency): +.*$/gm, "$1: …")
      .replace(/loaded on \S+/g, "loaded on …")
      // Ids of events, and times of a log.
      .replace(/^Event [0-9a-f]+ of /gm, "Event … of ")
      .replace(/\b\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}\b/g, "YYYY-MM-DD hh:mm:ss")
      .replace(/\(process \d+, running for .*?\)/g, "(process …)")
      .replace(/(may take \d+) of \d+ MB/g, "$1 of … MB")
      .replace(/^(\S+: agent '.*' \S+) on .*$/gm, "$1 on …")
      .replace(/^(ok +Session +).*\/(?=[^/]+$)/gm, "$1…/")
      .replace(/^(.* \(--budget-mb\) for )(?!pi5)\S+?(?=:$|, best)/gm, "$1…")
      // A download says how far it is now and then.
      .replace(/^(?:Verifying )?\S+: \d+ %, .* MB.*\n/gm, "")
      .replace(/\S*(\/huggingface\/hub\/\S*\/snapshots\/)[0-9a-f]{40}/g, "…$1…")
      .replace(/Device=\S+, Memory=\d+MB, Cores=\d+/g, "Device=…")
  );
}
