import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type CgroupMount, cgroupMounts } from "../../src/memory/cgroup-mounts.js";

interface Report {
  usable: { value: number; source: string };
  online: { value: number };
  /** Cores that it got during its busy loop. */
  used: number;
}

let folder = "";
let program = "";

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), "nanoagent-cpu-limits-"));
  program = path.join(folder, "cpu-child.mjs");
  await build({
    entryPoints: [path.join(import.meta.dirname, "cpu-child.ts")],
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    conditions: ["@nanoagent/source"],
    outfile: program,
  });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const processors = os.cpus().length;

describe.skipIf(spawnSync("taskset", ["-V"]).status !== 0 || processors < 2)("the affinity of a process", () => {
  it.each([0, 1])("to core %d", (core) => {
    const report = run('exec taskset -c "$2" "$0" "$1"', String(core));
    expect(report.usable.value).toBe(1);
    expect(report.online.value).toBe(processors);
  });
});

describe.each([1, 2] as const)("quotas of version %d on this machine", (version) => {
  const mount = mountOf(version, "cpu");

  describe.skipIf(mount === null)(mount === null ? "not available here" : `at ${mount.mountPoint}`, () => {
    const outer = path.join(mount?.mountPoint ?? "", `nanoagent-test-${process.pid}`);
    const inner = path.join(outer, "inner");
    const allow = (group: string, cores: number) =>
      version === 1
        ? writeFileSync(path.join(group, "cpu.cfs_quota_us"), String(cores * 100_000))
        : writeFileSync(path.join(group, "cpu.max"), `${cores * 100_000} 100000`);

    beforeEach(() => {
      mkdirSync(outer);
      if (version === 2) writeFileSync(path.join(outer, "cgroup.subtree_control"), "+cpu");
      mkdirSync(inner);
    });
    afterEach(() => {
      rmdirSync(inner);
      rmdirSync(outer);
    });

    it.each([
      ["on the process's own group", { inner: 0.25 }, 0.25],
      ["on the parent group", { outer: 0.5 }, 0.5],
      ["on both groups, of which the lower applies", { outer: 0.4, inner: 0.3 }, 0.3],
      ["above the number of cores, without effect", { outer: processors + 1 }, processors],
    ])("%s", (_, quotas: { inner?: number; outer?: number }, expected) => {
      // A child group must not have more than its parent.
      if (quotas.outer !== undefined) allow(outer, quotas.outer);
      if (quotas.inner !== undefined) allow(inner, quotas.inner);
      const report = run(`echo $$ > '${inner}/cgroup.procs' && exec "$0" "$1"`);
      expect(report.usable.value).toBe(expected);
      // The kernel enforces the quota up to the length of a time slice.
      expect(report.used).toBeLessThan(expected + 0.2);
    });
  });
});

describe("cpusets on this machine", () => {
  const mount = mountOf(1, "cpuset");
  const isUsable = mount !== null && processors >= 2;

  it.skipIf(!isUsable)("of one core", () => {
    const group = path.join(mount?.mountPoint ?? "", `nanoagent-test-${process.pid}`);
    mkdirSync(group);
    try {
      writeFileSync(path.join(group, "cpuset.cpus"), "1");
      writeFileSync(path.join(group, "cpuset.mems"), "0");
      const report = run(`echo $$ > '${group}/cgroup.procs' && exec "$0" "$1"`);
      expect(report.usable).toMatchObject({ value: 1, source: "/proc/self/status Cpus_allowed_list" });
      expect(report.online.value).toBe(processors);
    } finally {
      rmdirSync(group);
    }
  });
});

function run(command: string, argument = ""): Report {
  const { stdout, stderr, status } = spawnSync("sh", ["-c", command, process.execPath, program, argument], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`the program ended with ${status}: ${stderr}`);
  return JSON.parse(stdout) as Report;
}

/** Returns the mount with the controller where groups can be created; null if there is none. */
function mountOf(version: 1 | 2, controller: string): CgroupMount | null {
  if (!existsSync("/proc/self/mountinfo")) return null;
  const mounts = cgroupMounts(readFileSync("/proc/self/mountinfo", "utf8"));
  const mount = mounts.find(
    ({ version: found, controllers, mountPoint }) =>
      found === version &&
      (version === 1
        ? controllers.includes(controller)
        : readFileSync(path.join(mountPoint, "cgroup.subtree_control"), "utf8").split(/\s/).includes(controller)),
  );
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
