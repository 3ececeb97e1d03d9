import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
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
  await mkdir(path.join(folder, "bin"));
  await symlink(program, path.join(folder, "bin", "nanoagent"));
});
afterAll(() => rm(folder, { recursive: true }));

/** The code blocks of a document, in one language. */
async function codeBlocks(file: string, language: string): Promise<string[]> {
  const text = await readFile(path.join(repository, file), "utf8");
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "gms"))].map(([, code]) => code ?? "");
}

/** Runs a TypeScript program on the sources of the packages, as one of this folder, and returns what it printed. */
async function runTypeScript(code: string, place = "packages/cli"): Promise<string> {
  const outfile = path.join(folder, `program-${Math.random()}.mjs`);
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
  // What a program keeps is kept here, and not for the person who runs the tests.
  const env = { ...process.env, XDG_STATE_HOME: path.join(folder, "state") };
  return (await execute(process.execPath, [outfile], { env, timeout: 40_000 })).stdout;
}

/** What depends on the machine, made the same. */
function normalize(output: string): string {
  return output
    .replace(/^(Device ID|Platform|Memory|CPU Cores|GPU|Est\. latency): +.*$/gm, "$1: …")
    .replace(/loaded on \S+/g, "loaded on …")
    .replace(/(may take \d+) of \d+ MB/g, "$1 of … MB")
    .replace(/^(\S+: agent '.*' \S+) on .*$/gm, "$1 on …")
    .replace(/^(ok +Session +).*\/(?=[^/]+$)/gm, "$1…/")
    .replace(/Device=\S+, Memory=\d+MB, Cores=\d+/g, "Device=…");
}

/** Runs the commands of a document in this folder, and fails where they print something else; returns how many it ran. */
async function runCommands(file: string, place: string): Promise<number> {
  const commands = (await codeBlocks(file, "console")).flatMap((block) => block.split(/^\$ /m).slice(1));
  for (const entry of commands) {
    const [command = "", ...printed] = entry.split("\n");
    const environment = { ...process.env, PATH: `${path.join(folder, "bin")}${path.delimiter}${process.env.PATH}` };
    const run = execute("sh", ["-c", `${command} 2>&1`], { cwd: place, env: environment });
    run.child.stdin?.end();
    const { stdout } = await run.catch((error: { stdout: string }) => error);
    expect(normalize(stdout), command).toBe(normalize(printed.join("\n")));
  }
  return commands.length;
}

describe("README", () => {
  test("every command prints what it says", async () => {
    await writeFile(
      path.join(folder, "too-large.yaml"),
      "spec: {name: a, max_memory_mb: 512}\ndevice: {auto: true, memory_mb: 128}\n",
    );
    await writeFile(path.join(folder, "typo.yaml"), "# a typo\nspec:\n  name: a\n  max_memry_mb: 5\n");
    await writeFile(path.join(folder, "llama-7b.bin"), "");
    await truncate(path.join(folder, "llama-7b.bin"), 7000 * 2 ** 20);
    expect(await runCommands("README.md", folder)).toBeGreaterThan(6);
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
    expect(configs).toHaveLength(1);
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
      // Measured and watched for a shorter time, it prints the same.
      const quick = code.replace("measureDevice({", "measureDevice({ seconds: 1,").replace("10_000", "500");
      const printed = (await runTypeScript(quick)).trimEnd().split("\n");
      // What a profile prints depends on the machine.
      if (name !== "profiler" && said.length > 0) expect(printed).toEqual(said);
    }
  },
);

describe("examples", () => {
  /** A copy, so that what it keeps is kept here; as in the repository, what it is run by included. */
  async function copyOf(name: string): Promise<string> {
    const root = await mkdtemp(path.join(folder, "clone-"));
    await cp(path.join(repository, "examples", name), path.join(root, "examples", name), {
      recursive: true,
      filter: (file) => path.basename(file) !== "state",
    });
    await cp(path.join(repository, "scripts/start.mjs"), path.join(root, "scripts/start.mjs"));
    await symlink(path.join(repository, "packages"), path.join(root, "packages"));
    return root;
  }

  test("greenhouse does what its page says, and nothing is wrong with it", async () => {
    const place = path.join(await copyOf("greenhouse"), "examples/greenhouse");
    expect(await runCommands("examples/greenhouse/README.md", place)).toBe(3);
    const { stdout } = await execute(process.execPath, [program, "check", "--device", "auto"], { cwd: place });
    expect(stdout).toMatch(/\n\nAll is well\.\n$/);
  });

  test("greenhouse acts once for each key, and remembers", async () => {
    const place = path.join(await copyOf("greenhouse"), "examples/greenhouse");
    const water = async (key: string) => {
      const env = { ...process.env, NANOAGENT_IDEMPOTENCY_KEY: key };
      return (await execute(process.execPath, ["actuator.mjs", "water", "north", "5"], { cwd: place, env })).stdout;
    };
    const first = await water("a");
    expect(JSON.parse(first)).toMatchObject({ litres: 40, moisture_percent: 48 });
    expect(await water("a")).toBe(first);
    expect(JSON.parse(await water("b"))).toMatchObject({ moisture_percent: 68 });
  });

  test("npm start shows the greenhouse, and then takes messages", async () => {
    const root = await copyOf("greenhouse");
    const run = execute(process.execPath, ["scripts/start.mjs"], { cwd: root });
    run.child.stdin?.end("Südbeet für 3 Minuten gießen\nwhat is the temperature?\n");
    const { stdout, stderr } = await run;
    expect(stdout).toContain("Device ID:");
    expect(stdout).toContain(
      'You:   open the vent\n       (ran set_vent {"position":"open"})\nAgent: The vent is open; it is 21.5 °C.\n',
    );
    expect(stdout).toContain("(did not run water_bed ");
    expect(stdout).toContain(
      "Agent: Ich habe nicht gegossen: The tool water_bed was not allowed to run.\nAgent: It is 21.5 °C at 58 % humidity; the vent is open.\nSession ended.\n",
    );
    expect(stdout).toMatch(/\nWhat next:\n(?: {2}node .*\n){4}$/);
    expect(stderr).toBe("");
  });

  test("conversations share an agent, and one goes on later", async () => {
    const code = await readFile(path.join(repository, "examples/conversations/src/main.ts"), "utf8");
    expect(await runTypeScript(code, "examples/conversations")).toMatch(
      /^Hello from greenhouse! How can I assist\?\nRuntime status: OK\..*\n2 messages from before\n$/,
    );
  });

  test("embed-tools prints what its page says", async () => {
    const code = await readFile(path.join(repository, "examples/embed-tools/src/main.ts"), "utf8");
    const [block = ""] = await codeBlocks("examples/embed-tools/README.md", "console");
    expect(`$ npx pnpm start\n${await runTypeScript(code, "examples/embed-tools")}`).toBe(block);
  });
});
