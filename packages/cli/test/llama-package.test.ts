import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, cp, link, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { buildTinyGguf } from "@nanoagent/optimizer/testing";
import { findLlamaAddon } from "@nanoagent/runtime/engines/llama";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repository } from "./run-program.js";

const isLinux = process.platform === "linux" && (process.arch === "x64" || process.arch === "arm64");
const realFolder = isLinux ? await findLlamaAddon().catch(() => null) : null;
const name = `linux-${process.arch}`;
const packageName = `@node-llama-cpp/${name}`;

/** Another user for files that must not be readable: root can read everything. */
const otherUser = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

let folder: string;
let folders = 0;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nanoagent-llama-package-"));
  await writeFile(path.join(folder, "tiny.gguf"), buildTinyGguf());
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Change = (
  files: string,
  change: (file: string, edit: (bytes: Buffer) => Buffer) => Promise<void>,
) => Promise<void>;

/** Installs the built program and a copy of llama.cpp's package, as npm would, and changes the copy's files. */
async function install(change: Change): Promise<string> {
  const place = path.join(folder, String(folders++));
  await mkdir(path.join(place, "node_modules/@nanoagent"), { recursive: true });
  await writeFile(path.join(place, "package.json"), "{}");
  await cp(path.join(repository, "packages/cli"), path.join(place, "node_modules/@nanoagent/cli"), {
    recursive: true,
    filter: (file) => !/\/(node_modules|src|test)$/.test(file),
  });
  const real = path.resolve(realFolder ?? "", "../..");
  const copy = path.join(place, "node_modules", packageName);
  const files = path.join(copy, "bins", name);
  await mkdir(files, { recursive: true });
  await cp(path.join(real, "package.json"), path.join(copy, "package.json"));
  await cp(path.join(real, "dist"), path.join(copy, "dist"), { recursive: true });
  for (const file of await readdir(path.join(real, "bins", name))) {
    const [from, to] = [path.join(real, "bins", name, file), path.join(files, file)];
    await link(from, to).catch(() => cp(from, to));
  }
  await change(files, async (file, edit) => {
    const bytes = edit(await readFile(path.join(files, file)));
    // The file may be a hard link to the real one.
    await rm(path.join(files, file));
    await writeFile(path.join(files, file), bytes);
  });
  return place;
}

async function run(place: string, args: readonly string[], user: { uid?: number; gid?: number } = {}) {
  const program = path.join(place, "node_modules/@nanoagent/cli/dist/main.js");
  const child = spawn(process.execPath, [program, ...args], { cwd: place, ...user });
  child.stdin.end("hello\n");
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
  }
  const [exitCode] = await once(child, "close");
  return { exitCode, output };
}

async function checkAndRun(change: Change, user: { uid?: number; gid?: number } = {}) {
  const place = await install(change);
  const device = { device_id: "d", platform: "linux-x86_64", memory_mb: 1024, cpu_cores: 1 };
  const config = { spec: { name: "small", max_memory_mb: 400 }, device, model_path: path.join(folder, "tiny.gguf") };
  await writeFile(path.join(place, "agent.json"), JSON.stringify(config));
  const checked = await run(place, ["check", "--config", "agent.json"], user);
  const ran = await run(place, ["run", "--config", "agent.json"], user);
  const made = await run(
    place,
    ["init", "--yes", "--model", config.model_path, "--memory-mb", "400", "new.yaml"],
    user,
  );
  return { checked, ran, made };
}

const anew = `do: Reinstall it: npm uninstall ${packageName} && npm install ${packageName}@`;
const otherMachine = process.arch === "x64" ? 183 : 62;
const otherName = process.arch === "x64" ? "AArch64 (64-bit ARM)" : "x86-64";
const ownName = process.arch === "x64" ? "x86-64" : "AArch64 (64-bit ARM)";

describe.skipIf(realFolder === null)(`check, run and init with ${packageName} (needs it)`, () => {
  test("that is intact report no errors", async () => {
    const { checked, ran, made } = await checkAndRun(async () => {});
    expect(checked).toMatchObject({ exitCode: 0, output: expect.stringContaining("All is well.") });
    expect(ran).toMatchObject({ exitCode: 0, output: expect.stringContaining("Agent: ") });
    expect(made.output).not.toContain("note:");
  });

  test("for another processor name both processors", async () => {
    const { checked, ran, made } = await checkAndRun(async (files, change) => {
      for (const file of await readdir(files)) {
        if (file.endsWith(".json")) continue;
        await change(file, (bytes) => {
          bytes.writeUInt16LE(otherMachine, 18);
          return bytes;
        });
      }
    });
    const message = `llama.cpp in ${packageName} is built for ${otherName}, but this Node is built for ${ownName}.`;
    expect(checked.exitCode).toBe(2);
    expect(checked.output).toContain(`model_path: ${message}\n  why: Read from the ELF header of `);
    expect(checked.output).toContain(anew);
    expect(ran.exitCode).toBe(2);
    expect(ran.output).toContain(`error: ${message}\n  why: `);
    expect(ran.output).toContain("llama-addon.node: cannot open shared object file");
    expect(made.output).toContain(`note: ${message}`);
  });

  test("that needs a newer glibc name both versions, and run shows the loader's message", async () => {
    const { checked, ran, made } = await checkAndRun((_, change) =>
      change("llama-addon.node", (bytes) => {
        const at = bytes.indexOf("GLIBC_2.34\0");
        expect(at).toBeGreaterThan(0);
        bytes.write("GLIBC_9.99", at, "latin1");
        return bytes;
      }),
    );
    const message = new RegExp(
      `llama.cpp in ${packageName} needs glibc 9\\.99 or newer, but this system has 2\\.\\d+\\.`,
    );
    expect(checked.exitCode).toBe(2);
    expect(checked.output).toMatch(message);
    expect(checked.output).toMatch(
      /why: llama-addon\.node needs GLIBC_9\.99 of \/\S*libc\.so\.6\. The newest version that glibc \S+ defines is GLIBC_2\.\d+\./,
    );
    expect(checked.output).toMatch(/do: Use a newer system: .* Or use a server to run the model: /);
    expect(ran.exitCode).toBe(2);
    expect(ran.output).toMatch(message);
    expect(ran.output).toMatch(/why: \/\S+: version `GLIBC_9\.99' not found \(required by \/\S+llama-addon\.node\)/);
    expect(made.exitCode).toBe(0);
    expect(made.output).toMatch(/note: llama\.cpp in \S+ needs glibc 9\.99/);
  });

  test("that is truncated say so, although the loader ends the engine's process silently", async () => {
    const { checked, ran } = await checkAndRun((_, change) =>
      change("llama-addon.node", (bytes) => bytes.subarray(0, 400_000)),
    );
    const message = `llama.cpp in ${packageName} is damaged: llama-addon.node is truncated: it has 400000 bytes, but its headers require at least`;
    expect(checked.exitCode).toBe(2);
    expect(checked.output).toContain(message);
    expect(checked.output).toContain(anew);
    expect(ran.exitCode).toBe(2);
    expect(ran.output).toContain(message);
    expect(ran.output).toContain(anew);
  });

  test("that is an HTML page say so with the loader's message", async () => {
    const { checked, ran } = await checkAndRun((_, change) =>
      change("llama-addon.node", () => Buffer.from("<!doctype html>".repeat(50))),
    );
    const message = `llama.cpp in ${packageName} is damaged: llama-addon.node is not an ELF file.`;
    expect(checked).toMatchObject({ exitCode: 2, output: expect.stringContaining(message) });
    expect(ran).toMatchObject({ exitCode: 2, output: expect.stringContaining(message) });
    expect(ran.output).toContain("llama-addon.node: invalid ELF header");
  });

  test("that lacks a library name it", async () => {
    const { checked, ran } = await checkAndRun((files) => rm(path.join(files, "libggml-base.so")));
    const message = `llama.cpp in ${packageName} is damaged: libggml-base.so is missing.`;
    expect(checked).toMatchObject({ exitCode: 2, output: expect.stringContaining(message) });
    expect(ran).toMatchObject({ exitCode: 2, output: expect.stringContaining(message) });
    expect(ran.output).toContain("libggml-base.so: cannot open shared object file");
  });

  test.each(["dist/index.js", "package.json"])("that has an empty %s report that it is damaged", async (file) => {
    const { checked, ran } = await checkAndRun(async (files) => {
      const place = path.join(files, "../..", file);
      await rm(place);
      await writeFile(place, "");
    });
    const message = `llama.cpp in ${packageName} is damaged: its entry cannot be loaded.`;
    for (const { exitCode, output } of [checked, ran]) {
      expect(exitCode).toBe(2);
      expect(output).toContain(message);
      expect(output).toContain(anew);
    }
  });

  test.each(["llama-addon.node", ".", "../../package.json", "../..", "../../.."])(
    "that this user cannot read (%s) name the path and the command that helps",
    async (name) => {
      let closed = "";
      const { checked, ran } = await checkAndRun(async (files) => {
        await chmod(folder, 0o755);
        closed = path.resolve(files, name);
        if (name.includes("node")) {
          // The file may be a hard link to the real one.
          await rm(closed);
          await writeFile(closed, "");
        }
        await chmod(closed, 0);
      }, otherUser);
      await chmod(closed, 0o755);
      for (const { exitCode, output } of [checked, ran]) {
        expect(exitCode).toBe(2);
        expect(output).toContain(`llama.cpp in ${packageName} cannot be loaded: this user cannot read ${closed}.`);
        expect(output).toMatch(/do: Run this program as the user who .*, or as that user run: chmod -R a\+rX \//);
        expect(output).not.toMatch(/npm|damaged|missing/);
      }
    },
  );

  test("that has no library for any processor say so, and run does not load a model", async () => {
    const { checked, ran } = await checkAndRun(async (files) => {
      for (const file of await readdir(files)) if (file.startsWith("libggml-cpu")) await rm(path.join(files, file));
    });
    const message = `llama.cpp in ${packageName} is damaged: libggml-cpu*.so is missing.`;
    expect(checked).toMatchObject({ exitCode: 2, output: expect.stringContaining(message) });
    expect(ran).toMatchObject({ exitCode: 2, output: expect.stringContaining(message) });
    expect(ran.output).toContain("why: llama.cpp found no library for this processor (libggml-cpu).");
  });
});
