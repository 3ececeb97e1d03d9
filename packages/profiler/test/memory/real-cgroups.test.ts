import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { MemoryReading } from "@nanoagent/models";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type CgroupMount, cgroupMounts } from "../../src/memory/cgroup-mounts.js";
import type { MemoryRequest } from "./memory-child.js";

const MB = 2 ** 20;
const CACHED_BYTES = 128 * MB;

/** File names of a group, by version. */
const FILES = {
  1: { limit: "memory.limit_in_bytes", usage: "memory.usage_in_bytes", cache: "total_inactive_file", none: "-1" },
  2: { limit: "memory.max", usage: "memory.current", cache: "inactive_file", none: "max" },
};

let folder = "";
let program = "";
let cachedFile = "";
let hasCachedFile = false;

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), "nanoagent-cgroups-"));
  program = path.join(folder, "memory-child.mjs");
  await build({
    entryPoints: [path.join(import.meta.dirname, "memory-child.ts")],
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    conditions: ["@nanoagent/source"],
    outfile: program,
  });
  // Written without the cache, because a page counts against the first group that touches it.
  cachedFile = path.join(folder, "cached");
  const written = spawnSync("dd", ["if=/dev/zero", `of=${cachedFile}`, "bs=1M", "count=128", "oflag=direct"]);
  hasCachedFile = written.status === 0;
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each([1, 2] as const)("cgroups of version %d on this machine", (version) => {
  const mount = memoryMount(version);
  const files = FILES[version];

  describe.skipIf(mount === null)(mount === null ? "not available here" : `at ${mount.mountPoint}`, () => {
    const name = `nanoagent-test-${process.pid}`;
    const outer = path.join(mount?.mountPoint ?? "", name);
    const inner = path.join(outer, "inner");
    const pathOf = (group: string) => path.posix.join(mount?.root ?? "", name, path.relative(outer, group));
    const children: ChildProcess[] = [];

    const limit = (group: string, bytes: number | null) =>
      writeFileSync(path.join(group, files.limit), bytes === null ? files.none : `${bytes}`);
    const figure = (group: string, file: string) => Number(readFileSync(path.join(group, file), "utf8"));
    const cacheOf = (group: string) =>
      Number(
        new RegExp(`^${files.cache} (\\d+)$`, "m").exec(readFileSync(path.join(group, "memory.stat"), "utf8"))?.[1],
      );
    const startIn = async (group: string, command = 'exec "$0" "$1"') => {
      const child = start(group, command);
      children.push(child);
      return child;
    };

    beforeEach(() => {
      mkdirSync(outer);
      if (version === 2) writeFileSync(path.join(outer, "cgroup.subtree_control"), "+memory");
      mkdirSync(inner);
    });

    afterEach(async () => {
      await Promise.all(children.splice(0).map(end));
      for (const group of [inner, outer]) await remove(group);
    });

    it("report the limit of the process's own group", async () => {
      limit(inner, 256 * MB);
      const child = await startIn(inner);
      const reading = await ask(child, { do: "read" });
      expect(reading).toMatchObject({
        limit_bytes: 256 * MB,
        limit_source: `cgroup v${version} ${pathOf(inner)}`,
      });
      expect(reading.available_bytes).toBeGreaterThan(150 * MB);
      expect(reading.available_bytes).toBeLessThan(256 * MB);
    });

    it("report the limit of the parent if the own group has no limit", async () => {
      limit(outer, 192 * MB);
      const reading = await ask(await startIn(inner), { do: "read" });
      expect(reading).toMatchObject({ limit_bytes: 192 * MB, limit_source: `cgroup v${version} ${pathOf(outer)}` });
    });

    it("report the lower of both limits, and the smaller rest", async () => {
      limit(outer, 400 * MB);
      limit(inner, 200 * MB);
      // A sibling uses up the limit of the parent.
      const sibling = path.join(outer, "sibling");
      mkdirSync(sibling);
      try {
        const neighbour = await startIn(sibling);
        await ask(neighbour, { do: "take", bytes: 300 * MB });
        const reading = await ask(await startIn(inner), { do: "read" });
        expect(reading).toMatchObject({ limit_bytes: 200 * MB, limit_source: `cgroup v${version} ${pathOf(inner)}` });
        expect(reading.available_bytes).toBeLessThan(100 * MB);
        await end(neighbour);
      } finally {
        await remove(sibling);
      }
    });

    it("report limits that are set, changed and removed, and a move to another group", async () => {
      const child = await startIn(inner);
      const read = async () => await ask(child, { do: "read" });
      expect((await read()).limit_source ?? "").not.toContain(name);
      limit(outer, 512 * MB);
      expect((await read()).limit_bytes).toBe(512 * MB);
      limit(outer, 256 * MB);
      expect((await read()).limit_bytes).toBe(256 * MB);
      const other = path.join(outer, "other");
      mkdirSync(other);
      limit(other, 128 * MB);
      writeFileSync(path.join(other, "cgroup.procs"), `${child.pid}`);
      expect(await read()).toMatchObject({
        limit_bytes: 128 * MB,
        limit_source: `cgroup v${version} ${pathOf(other)}`,
      });
      writeFileSync(path.join(inner, "cgroup.procs"), `${child.pid}`);
      await remove(other);
      limit(outer, null);
      expect((await read()).limit_source ?? "").not.toContain(name);
    });

    it("count the cache of a file as available", async (context) => {
      if (!hasCachedFile) return context.skip("no file can be written without the cache here");
      limit(outer, 256 * MB);
      const child = await startIn(inner);
      const before = await ask(child, { do: "read" });
      const after = await ask(child, { do: "cache", file: cachedFile });
      const used = figure(outer, files.usage);
      expect(used).toBeGreaterThan(CACHED_BYTES);
      expect(cacheOf(outer)).toBeGreaterThan(0.9 * CACHED_BYTES);
      // The kernel counts in batches, which causes a difference of a few megabytes.
      expect(Math.abs(after.available_bytes - (256 * MB - used + cacheOf(outer)))).toBeLessThan(16 * MB);
      expect(after.available_bytes).toBeGreaterThan(before.available_bytes - 32 * MB);
      expect(after.available_bytes).toBeGreaterThan(256 * MB - used + 64 * MB);
    });

    it("report the limit that the kernel enforces: available memory can be allocated, not much more", async (context) => {
      if (!hasCachedFile) return context.skip("no file can be written without the cache here");
      if (/^SwapTotal: +[1-9]/m.test(readFileSync("/proc/meminfo", "utf8"))) return context.skip("swap is in use");
      limit(outer, 256 * MB);
      const child = await startIn(inner);
      const { available_bytes } = await ask(child, { do: "cache", file: cachedFile });
      const full = await ask(child, { do: "take", bytes: available_bytes - 24 * MB });
      expect(full.available_bytes).toBeLessThan(64 * MB);
      const ended = new Promise((resolve) => child.once("exit", (_, signal) => resolve(signal)));
      child.send({ do: "take", bytes: full.available_bytes + 64 * MB } satisfies MemoryRequest);
      expect(await ended).toBe("SIGKILL");
    });

    it("report the limit above a separate namespace, as in a container", async (context) => {
      const view = path.join(folder, "view");
      mkdirSync(view, { recursive: true });
      const type = version === 1 ? "cgroup -o memory" : "cgroup2";
      // The new mount shows the group of this process as the root; it has no name in the others.
      const command = `exec unshare -C -m sh -c 'mount -t ${type} none ${view} && exec "$0" "$1"' "$0" "$1"`;
      if (spawnSync("sh", ["-c", "unshare -C -m true"]).status !== 0)
        return context.skip("namespaces are not allowed here");
      limit(outer, 200 * MB);
      limit(inner, 300 * MB);
      const reading = await ask(await startIn(inner, command), { do: "read" });
      if (version === 1) {
        expect(reading).toMatchObject({ limit_bytes: 200 * MB, limit_source: "cgroup v1, above /" });
      } else {
        // Version 2 hides everything above a container.
        expect(reading).toMatchObject({ limit_bytes: 300 * MB, limit_source: "cgroup v2 /" });
      }
    });
  });
});

/** Returns the mount where this version controls memory and groups can be created; null if there is none. */
function memoryMount(version: 1 | 2): CgroupMount | null {
  if (process.platform !== "linux") return null;
  const mounts = cgroupMounts(readFileSync("/proc/self/mountinfo", "utf8"));
  const controlsMemory = ({ controllers, mountPoint }: CgroupMount) =>
    version === 1
      ? controllers.includes("memory")
      : readFileSync(path.join(mountPoint, "cgroup.subtree_control"), "utf8").includes("memory");
  const mount = mounts.find((mount) => mount.version === version && controlsMemory(mount));
  if (mount === undefined) return null;
  const trial = path.join(mount.mountPoint, `nanoagent-trial-${process.pid}-${Math.random()}`);
  try {
    mkdirSync(trial);
    rmdirSync(trial);
    return mount;
  } catch {
    return null;
  }
}

/** Starts the program in a group. A shell joins the group first, so that all memory of the program counts there. */
function start(group: string, command: string): ChildProcess {
  const script = `echo $$ > '${group}/cgroup.procs' && ${command}`;
  return spawn("sh", ["-c", script, process.execPath, program], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
}

async function ask(child: ChildProcess, request: MemoryRequest): Promise<MemoryReading> {
  return await new Promise((resolve, reject) => {
    child.once("message", (reading) => resolve(reading as MemoryReading));
    child.once("exit", (code, signal) => reject(new Error(`the child ended: ${code ?? signal}`)));
    child.send(request);
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
}

/** Removes a group, which is possible shortly after its last process has ended. */
async function remove(group: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      return rmdirSync(group);
    } catch (error) {
      if ((error as { code?: string }).code === "ENOENT") return;
      if (attempt === 50) throw error;
      await sleep(20);
    }
  }
}
