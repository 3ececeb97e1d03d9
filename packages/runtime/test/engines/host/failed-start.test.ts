import { execFile, spawnSync } from "node:child_process";
import { chmod, copyFile, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { HostedEngine, type HostedEngineOptions } from "@nanoagent/runtime/engines/llama";
import { describe, expect, test } from "vitest";
import { explainFailedStart } from "../../../src/engines/host/explain-failed-start.js";
import { temporaryFolder } from "../../temporary-folder.js";

const here = path.dirname(fileURLToPath(import.meta.url));
const source = {
  kind: "module" as const,
  url: pathToFileURL(path.join(here, "scripted-module.mjs")).href,
  options: {},
};
const isWindows = process.platform === "win32";

/** Opens an engine whose process cannot be started and returns the error. */
async function fail(
  options: Partial<HostedEngineOptions>,
): Promise<{ code: string; failure: string; message: string; hint: string }> {
  const opening = HostedEngine.open({ start: { source }, ...options });
  opening.then((engine) => engine.close()).catch(() => {});
  return opening.then(
    () => expect.fail("it was started"),
    (error) => error,
  );
}

/** Writes a file and returns its path. */
async function file(name: string, text: string | Uint8Array, mode = 0o755): Promise<string> {
  const place = path.join(await temporaryFolder(), name);
  await writeFile(place, text);
  await chmod(place, mode);
  return place;
}

/** Header of a Linux program for a processor, given by its number in ELF. */
function elf(machine: number): Uint8Array {
  const header = Buffer.alloc(128);
  header.write("\x7fELF\x02\x01\x01", "latin1");
  header.writeUInt16LE(2, 16);
  header.writeUInt16LE(machine, 18);
  return header;
}

describe.skipIf(isWindows)("a host that cannot be started", () => {
  const script = (text: string) => () => file("node", `#!/bin/sh\n${text}\n`);
  test.each<[string, () => Promise<string>, string]>([
    ["that does not exist", async () => "/nowhere/node", "node-not-found"],
    ["that is a folder", async () => temporaryFolder(), "wrong-system"],
    ["without permission to run it", () => file("node", "", 0o644), "node-not-executable"],
    ["for another processor", () => file("node", elf(process.arch === "x64" ? 183 : 62)), "wrong-system"],
    ["whose loader is missing", () => file("node", "#!/nowhere/ld-musl.so\n"), "wrong-system"],
    ["that ends at once", script("exit 0"), "not-node"],
    ["that refuses the options", script("echo bad option: $1 >&2; exit 9"), "not-node"],
    ["that is killed by a fault", script("kill -ABRT $$"), "not-node"],
    ["that refuses system calls", script("kill -SYS $$"), "not-permitted"],
    [
      "that gets no thread",
      script("echo 'Assertion failed: 0 == uv_thread_create()' >&2; kill -ABRT $$"),
      "process-limit",
    ],
  ])("because of a Node %s reports it", async (_, make, failure) => {
    const nodeFile = await make();
    const error = await fail({ nodeFile });
    expect(error).toMatchObject({ code: "engine-unavailable", failure });
    if (failure.includes("node")) expect(error.message).toContain(nodeFile);
    expect(error.hint).not.toMatch(/smaller|max_memory_mb/);
  });

  test.each<[string, string, string]>([
    ["needs a package that is missing", `import "@nobody/nothing";`, "missing-package"],
    ["is another program", "console.log('hello')", "ended"],
    ["is not JavaScript", "<!doctype html>", "ended"],
    [
      "is of another version",
      `process.send({ type: "started", version: "99.0.0" }); setInterval(() => {}, 1000);`,
      "host-of-other-version",
    ],
    [
      "is of a version that did not report itself",
      `process.send({ type: "started" }); setInterval(() => {}, 1000);`,
      "host-of-other-version",
    ],
    [
      "is an app that was to start a host itself",
      `process.send({ type: "misled" }); setInterval(() => {}, 1000);`,
      "not-node",
    ],
  ])("because its program %s reports it", async (_, text, failure) => {
    const hostFile = await file("host.mjs", text);
    const error = await fail({ hostFile });
    expect(error).toMatchObject({ code: "engine-unavailable", failure });
    expect(error.hint).not.toMatch(/smaller|max_memory_mb/);
  });

  test("names the archive that Node was to read its program from", async () => {
    const hostFile = await file("host.mjs", "");
    expect(await fail({ hostFile: `${hostFile}/inside.zip/host.mjs` })).toMatchObject({ failure: "host-not-found" });
  });
});

describe("errors of the system's call", () => {
  const command = { nodeFile: process.execPath, hostFile: fileURLToPath(import.meta.url) };
  const codes: [string, string][] = [
    ["EAGAIN", "process-limit"],
    ["EMFILE", "file-limit"],
    ["ENFILE", "file-limit"],
    ["ENOMEM", "no-memory"],
    ["E2BIG", "environment-too-large"],
    ["ENAMETOOLONG", "environment-too-large"],
    ["ERR_ACCESS_DENIED", "not-permitted"],
    ["EPERM", "not-permitted"],
    ["ENOSYS", "not-permitted"],
    ["ENOEXEC", "wrong-system"],
    ["UNKNOWN", "ended"],
  ];
  test.each(codes)("%s is %s", (code, failure) => {
    const cause = Object.assign(new Error(`spawn ${code}`), { code });
    const error = explainFailedStart({ command, exitCode: null, signal: null, cause, output: "" });
    expect(error).toMatchObject({ code: "engine-unavailable", failure, reason: `spawn ${code}`, cause });
  });

  test("are not guessed after a signal: the process may have crashed or run out of memory", () => {
    for (const signal of ["SIGKILL", "SIGSEGV", "SIGILL", "SIGABRT"] as const) {
      expect(explainFailedStart({ command, exitCode: null, signal, cause: null, output: "" })).toBeNull();
    }
  });
});

/** Programs that create a state in which a process may fail to start, and then start one. */
const llama = pathToFileURL(path.join(here, "../../../dist/engines/llama.js")).href;
const program = (before: string) => `
  const { HostedEngine } = await import(${JSON.stringify(llama)});
  const fs = await import("node:fs");
  const result = fs.openSync(process.argv[1], "w");
  ${before}
  const engine = await HostedEngine.open({ start: { source: ${JSON.stringify(source)} } }).catch((error) => error);
  fs.writeSync(result, engine.failure ?? engine.message ?? "started");
  process.exit();`;

describe.skipIf(isWindows)("a program that cannot start a host", () => {
  const permission = Number(process.versions.node.split(".")[0]) < 23 ? "--experimental-permission" : "--permission";
  test.each<[string, string, string[], string]>([
    [
      "has no file left",
      "const files = []; try { for (;;) files.push(fs.openSync('/dev/null')); } catch {}",
      [],
      "file-limit",
    ],
    ["has a huge environment", "process.env.HUGE = 'x'.repeat(1_000_000);", [], "environment-too-large"],
    ["is not permitted to", "", [permission, "--allow-fs-read=*", "--allow-fs-write=*"], "not-permitted"],
    [
      "has options of Node that nobody can load",
      "process.env.NODE_OPTIONS = '--require /nowhere --inspect=1';",
      [],
      "started",
    ],
    ["has closed its input", "fs.closeSync(0);", [], "started"],
    [
      "has lost its working folder",
      "fs.mkdirSync('gone'); process.chdir('gone'); fs.rmdirSync(process.cwd());",
      [],
      "started",
    ],
    ["was started as a host itself", "process.env.NANOAGENT_ENGINE_HOST = '1';", [], "not-node"],
    [
      "pretends to be Electron",
      "Object.defineProperty(process.versions, 'electron', { value: '39.0.0' });",
      [],
      "started",
    ],
  ])("because it %s reports it, or starts it anyway", async (_, before, options, expected) => {
    const folder = await temporaryFolder();
    const result = path.join(folder, "result");
    const args = [...options, "--input-type=module", "--eval", program(before), result];
    const shell = `ulimit -n 100; exec "$0" "$@"`;
    await promisify(execFile)("/bin/sh", ["-c", shell, process.execPath, ...args], { cwd: folder, timeout: 60_000 });
    expect(spawnSync("cat", [result], { encoding: "utf8" }).stdout).toBe(expected);
  });

  test("because its Node was replaced while it ran reports that", async () => {
    const folder = path.join(await temporaryFolder(), "bin");
    await mkdir(folder);
    const node = path.join(folder, "node");
    await copyFile(process.execPath, node);
    const result = path.join(folder, "result");
    const args = ["--input-type=module", "--eval", program("fs.unlinkSync(process.execPath);"), result];
    await promisify(execFile)(node, args, { cwd: folder, timeout: 60_000 });
    expect(spawnSync("cat", [result], { encoding: "utf8" }).stdout).toBe("node-not-found");
  });
});
