import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LocalMachine } from "../src/index.js";
import { contractFiles, expectFault, testMachineContract } from "./machine-contract.js";

const machine = new LocalMachine();
const onLinux = process.platform === "linux";
const onWindows = process.platform === "win32";
const isRoot = process.getuid?.() === 0;
let root = "";
/** A file of a cgroup whose contents stay the same while its setting does. */
const cgroupFile = [
  "/sys/fs/cgroup/cgroup.controllers",
  "/sys/fs/cgroup/unified/cgroup.controllers",
  "/sys/fs/cgroup/memory/notify_on_release",
].find((file) => existsSync(file));

beforeAll(() => {
  root = mkdtempSync(path.join(os.tmpdir(), "nanoagent-machine-"));
  for (const [name, text] of Object.entries(contractFiles)) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), text);
  }
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("LocalMachine", () => {
  testMachineContract(() => ({ machine, root }));

  it("has the facts that Node reports", () => {
    expect(machine.platform).toBe(process.platform);
    expect(machine.machineType).toBe(os.machine());
    expect(machine.totalMemoryBytes).toBe(os.totalmem());
    expect(machine.availableMemoryBytes).toBeGreaterThan(0);
    expect(machine.availableMemoryBytes).toBeLessThanOrEqual(machine.totalMemoryBytes);
    expect(machine.cpuCount).toBe(os.availableParallelism());
    expect(machine.environment.PATH).toBe(process.env.PATH);
  });

  it("keeps the system error as the cause", async () => {
    await expect(machine.readText(`${root}/nothing`)).rejects.toMatchObject({
      message: `Cannot read ${root}/nothing: ENOENT.`,
      reason: "Nothing exists at this path.",
      cause: { code: "ENOENT", syscall: "stat" },
    });
    await expect(machine.readText("a\0b")).rejects.toMatchObject({ errno: "ERR_INVALID_ARG_VALUE" });
  });

  // Creating that number of files takes seconds on a slow disk.
  it.skipIf(!process.env.NANOAGENT_SOAK)("lists entries of a huge folder only up to its limit", async () => {
    const folder = path.join(root, "huge");
    mkdirSync(folder);
    for (let index = 0; index < 16_400; index++) writeFileSync(path.join(folder, `${index}`), "");
    expect(await machine.listDirectory(folder)).toHaveLength(16_384);
  });

  it.skipIf(onWindows)("refuses a FIFO immediately, also through a link", async () => {
    const fifo = path.join(root, "fifo");
    execFileSync("mkfifo", [fifo]);
    symlinkSync(fifo, path.join(root, "link"));
    const startedAt = performance.now();
    await expectFault(machine.readText(fifo), fifo, "ENOTSUP");
    await expectFault(machine.readText(path.join(root, "link")), path.join(root, "link"), "ENOTSUP");
    expect(performance.now() - startedAt).toBeLessThan(2000);
    expect(await machine.exists(fifo)).toBe(true);
  });

  it.skipIf(onWindows)("refuses devices and sockets", async () => {
    const socket = path.join(root, "socket");
    const server = net.createServer().listen(socket);
    try {
      await new Promise((resolve) => server.once("listening", resolve));
      await expectFault(machine.readText(socket), socket, "ENOTSUP");
    } finally {
      server.close();
    }
    await expectFault(machine.readText("/dev/zero"), "/dev/zero", "ENOTSUP");
    await expectFault(machine.listDirectory("/dev/zero"), "/dev/zero", "ENOTDIR");
  });

  it.skipIf(onWindows || isRoot)("rejects with EACCES for a file without read permission", async () => {
    const locked = path.join(root, "locked");
    writeFileSync(locked, "secret");
    chmodSync(locked, 0);
    await expectFault(machine.readText(locked), locked, "EACCES");
  });

  it.skipIf(!onLinux)("reads files of /proc, whose stated size is 0", async () => {
    expect(await machine.readText("/proc/meminfo")).toMatch(/^MemTotal: +\d+ kB$/m);
    expect(await machine.readText("/proc/meminfo", 9)).toBe("MemTotal:");
    expect(await machine.listDirectory("/proc/self/fd")).toContain("0");
  });

  it.skipIf(cgroupFile === undefined)("reads files of cgroups synchronously, by the same rules", async () => {
    const file = cgroupFile ?? "";
    const folder = path.dirname(file);
    const text = readFileSync(file, "utf8");
    expect(await machine.readText(file)).toBe(text);
    expect(await machine.readText(file, 1)).toBe(text.slice(0, 1));
    expect(await machine.readText(file, 0)).toBe("");
    await expectFault(machine.readText(`${folder}/nothing`), `${folder}/nothing`, "ENOENT");
    await expectFault(machine.readText(folder), folder, "EISDIR");
    await expectFault(machine.readText(`${file}/below`), `${file}/below`, "ENOTDIR");
    await expectFault(
      machine.readText("/sys/fs/cgroup/../../../dev/zero"),
      "/sys/fs/cgroup/../../../dev/zero",
      "ENOTSUP",
    );
  });

  it.skipIf(!onLinux)("leaves no file open", async () => {
    const openFiles = async () => (await machine.listDirectory("/proc/self/fd")).length;
    await openFiles();
    const before = await openFiles();
    for (let round = 0; round < 50; round++) {
      await machine.readText("/proc/meminfo");
      await machine.readText(`${root}/long.txt`, 3);
      await machine.readText(`${root}/nothing`).catch(() => null);
      if (cgroupFile !== undefined) await machine.readText(cgroupFile, 3);
      await machine.listDirectory(`${root}/folder`);
    }
    expect(await openFiles()).toBeLessThan(before + 10);
  });
});
