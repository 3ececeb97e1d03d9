import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { readConfig } from "@nanoagent/runtime/node";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { program, repository } from "../run-program.js";

const execute = promisify(execFile);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nanoagent-documents-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** The code blocks of a document, in one language. */
async function codeBlocks(file: string, language: string): Promise<string[]> {
  const text = await readFile(path.join(repository, file), "utf8");
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "gms"))].map(([, code]) => code ?? "");
}

/** Runs a TypeScript program on the sources of the packages and returns what it printed. */
async function runTypeScript(code: string): Promise<string> {
  const outfile = path.join(folder, `program-${Math.random()}.mjs`);
  await build({
    stdin: { contents: code, loader: "ts", resolveDir: path.join(repository, "packages/cli") },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    mainFields: ["module", "main"],
    conditions: ["@nanoagent/source"],
    external: ["yaml"],
    outfile,
  });
  // What a program keeps is kept here, and not for the person who runs the tests.
  const env = { ...process.env, XDG_STATE_HOME: path.join(folder, "state") };
  return (await execute(process.execPath, [outfile], { env, timeout: 40_000 })).stdout;
}

/** What depends on the machine, made the same. */
function normalize(output: string): string {
  return output
    .replace(/^(Device ID|Platform|Memory|CPU Cores|GPU|Est\. latency): +.*$/gm, "$1: …")
    .replace(/loaded on \S+/g, "loaded on …")
    .replace(/Device=\S+, Memory=\d+MB, Cores=\d+/g, "Device=…");
}

describe("README", () => {
  test("every command prints what it says", async () => {
    const bin = path.join(folder, "bin");
    await mkdir(bin);
    await symlink(program, path.join(bin, "nanoagent"));
    const [agent] = await codeBlocks("README.md", "yaml");
    await writeFile(path.join(folder, "agent.yaml"), agent ?? "");
    await writeFile(
      path.join(folder, "too-large.yaml"),
      "spec: {name: a, max_memory_mb: 512}\ndevice: {auto: true, memory_mb: 128}\n",
    );
    await writeFile(path.join(folder, "typo.yaml"), "# a typo\nspec:\n  name: a\n  max_memry_mb: 5\n");
    await writeFile(path.join(folder, "llama-7b.bin"), "");
    await truncate(path.join(folder, "llama-7b.bin"), 7000 * 2 ** 20);
    const commands = (await codeBlocks("README.md", "console")).flatMap((block) => block.split(/^\$ /m).slice(1));
    expect(commands.length).toBeGreaterThan(4);
    for (const entry of commands) {
      const [command = "", ...printed] = entry.split("\n");
      const environment = { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH}` };
      const run = execute("sh", ["-c", `${command} 2>&1`], { cwd: folder, env: environment });
      run.child.stdin?.end();
      const { stdout } = await run.catch((error: { stdout: string }) => error);
      expect(normalize(stdout), command).toBe(normalize(printed.join("\n")));
    }
  });

  test("its program is the example's, which runs", async () => {
    const [code] = await codeBlocks("README.md", "ts");
    expect(code).toBe(await readFile(path.join(repository, "examples/embed/src/main.ts"), "utf8"));
    const printed = await runTypeScript(code ?? "");
    expect(printed.split("\n")[0]).toBe("Hello from greenhouse! How can I assist?");
  });

  test("its units are the example's", async () => {
    const units = await codeBlocks("README.md", "ini");
    for (const [index, name] of ["nanoagent.socket", "nanoagent.service"].entries()) {
      expect(units[index]?.replace(/^# .*\n/, "")).toBe(
        await readFile(path.join(repository, "examples/service", name), "utf8"),
      );
    }
  });

  test("its configs are valid", async () => {
    const configs = await codeBlocks("README.md", "yaml");
    expect(configs).toHaveLength(2);
    for (const config of configs) {
      await writeFile(path.join(folder, "documented.yaml"), config);
      await expect(readConfig(path.join(folder, "documented.yaml"))).resolves.toBeDefined();
    }
  });
});

test.each(["models", "profiler", "optimizer", "runtime"])(
  "the programs in the README of %s run, and print what they say",
  async (name) => {
    const programs = await codeBlocks(`packages/${name}/README.md`, "ts");
    expect(programs.length).toBeGreaterThan(0);
    for (const code of programs) {
      const said = [...code.matchAll(/(?:^|\s)\/\/ (.*)$/gm)].map(([, comment]) => comment);
      const printed = (await runTypeScript(code)).trimEnd().split("\n");
      // What a profile prints depends on the machine.
      if (name !== "profiler" && said.length > 0) expect(printed).toEqual(said);
    }
  },
);
