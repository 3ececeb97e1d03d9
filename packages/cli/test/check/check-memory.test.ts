import { NanoAgentConfig } from "@nanoagent/models";
import { FixtureMachine } from "@nanoagent/profiler/testing";
import { describe, expect, test } from "vitest";
import { checkMemory, type LimitingSystem } from "../../src/check/check-memory.js";
import { CheckReport } from "../../src/check/check-report.js";

const MIB = 2 ** 20;
const meminfo = "MemTotal: 948304 kB\nMemFree: 500000 kB\nMemAvailable: 700000 kB\n";
const v2 = {
  "/proc/meminfo": meminfo,
  "/proc/self/mountinfo": "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n",
};
/** A board with Raspberry Pi OS, which disables the memory controller, with cgroup v2. */
const piWithV2 = {
  ...v2,
  "/proc/self/cgroup": "0::/system.slice/nanoagent.service\n",
  "/proc/cgroups": "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpuset\t0\t60\t1\nmemory\t0\t60\t0\n",
  "/sys/fs/cgroup/cgroup.controllers": "cpuset cpu io pids\n",
};
/** The same with cgroup v1, as in Debian 11. */
const piWithV1 = {
  "/proc/meminfo": meminfo,
  "/proc/self/mountinfo": "35 31 0:32 / /sys/fs/cgroup/pids rw,relatime shared:9 - cgroup cgroup rw,pids\n",
  "/proc/self/cgroup": "5:pids:/system.slice/nanoagent.service\n1:name=systemd:/system.slice/nanoagent.service\n",
  "/proc/cgroups": "#subsys_name\thierarchy\tnum_cgroups\tenabled\npids\t5\t60\t1\nmemory\t0\t60\t0\n",
};
const unitOf = (files: Record<string, string>) => ({
  ...v2,
  "/proc/self/cgroup": "0::/system.slice/nanoagent.service\n",
  ...Object.fromEntries(
    Object.entries(files).map(([name, text]) => [`/sys/fs/cgroup/system.slice/nanoagent.service/${name}`, text]),
  ),
});

const model = { model_path: "/models/model.gguf" };
const tool = { name: "look", description: "Looks.", command: ["cat"], changes_world: false };
const tools = { tools: [tool] };
const limitedTools = { tools: [tool, { ...tool, name: "see", max_memory_mb: 64 }] };
const servers = { mcp_servers: { clock: { command: ["clock"] } } };
const limitedServers = { mcp_servers: { clock: { command: ["clock"], max_memory_mb: 64 } } };

async function issuesOn(files: Record<string, string> | null, settings: object, limits: Partial<LimitingSystem> = {}) {
  const config = NanoAgentConfig.parse({
    spec: { name: "a", max_memory_mb: 300 },
    device: { device_id: "pi", platform: "linux-aarch64", memory_mb: 926, cpu_cores: 4 },
    ...settings,
  });
  const report = new CheckReport("agent.yaml", null);
  await checkMemory(
    report,
    config,
    files === null
      ? null
      : {
          machine: new FixtureMachine({ files }),
          canLimitProcesses: true,
          dataLimitBytes: null,
          reservedCodeBytes: 0,
          ...limits,
        },
  );
  return report.issues.map(({ severity, code, message, reason, hint }) => ({
    severity,
    code,
    text: [message, reason, hint].join(" "),
  }));
}

describe("a kernel without the memory controller", () => {
  test.each([
    ["cgroup v2", piWithV2],
    ["cgroup v1", piWithV1],
  ])("is reported for an agent with a model, with %s", async (_, files) => {
    const [issue, ...others] = await issuesOn(files, model);
    expect(others).toEqual([]);
    expect(issue).toMatchObject({ severity: "warning", code: "memory-control-off" });
    expect(issue?.text).toBe(
      "MemoryMax of systemd and --memory of Docker have no effect on this kernel. The kernel was started without " +
        "the memory controller (cgroup_disable=memory). RLIMIT_DATA limits the engine's process instead. To enable it, " +
        "add cgroup_enable=memory cgroup_memory=1 to the kernel's command line and restart. On Raspberry Pi OS, that " +
        "is the line in /boot/firmware/cmdline.txt (/boot/cmdline.txt before Debian 12).",
    );
  });

  test.each([
    [
      { ...model, ...limitedTools },
      "RLIMIT_DATA limits the engine's process and the tools and MCP servers with max_memory_mb instead.",
    ],
    [{ ...model, ...tools }, "RLIMIT_DATA limits the engine's process instead."],
    [limitedTools, "RLIMIT_DATA limits the tools and MCP servers with max_memory_mb instead."],
    [limitedServers, "RLIMIT_DATA limits the tools and MCP servers with max_memory_mb instead."],
    [tools, "The kernel does not limit the agent's memory."],
    [servers, "The kernel does not limit the agent's memory."],
    [{ ...model, engine: { isolation: "none" } }, "The kernel does not limit the agent's memory."],
  ])("names the processes that RLIMIT_DATA limits (%j)", async (settings, holds) => {
    const [issue] = await issuesOn(piWithV2, settings);
    expect(issue?.text).toContain(holds);
  });

  test("is not reported for an agent that only has rules, or for another device", async () => {
    expect(await issuesOn(piWithV2, {})).toEqual([]);
    expect(await issuesOn(null, model)).toEqual([]);
  });
});

describe("a container without a shell", () => {
  const unlimited = unitOf({ "memory.max": "max\n", "memory.high": "max\n" });

  test.each([
    [model, "Instead, the memory of the engine's process is checked four times a second. Set"],
    [limitedTools, "this system has no /bin/sh. max_memory_mb of tools and MCP servers has no effect. Set"],
  ])("is reported with the processes that have no limit (%j)", async (settings, text) => {
    const [issue, ...others] = await issuesOn(unlimited, settings, { canLimitProcesses: false });
    expect(others).toEqual([]);
    expect(issue).toMatchObject({ severity: "warning", code: "no-process-limits" });
    expect(issue?.text).toContain(text);
  });

  test("is not reported for an agent that only has rules, or for tools without a limit", async () => {
    expect(await issuesOn(unlimited, {}, { canLimitProcesses: false })).toEqual([]);
    expect(await issuesOn(unlimited, tools, { canLimitProcesses: false })).toEqual([]);
    expect(await issuesOn(unlimited, servers, { canLimitProcesses: false })).toEqual([]);
  });

  test("has no limits at all if the memory controller is off", async () => {
    const [, issue] = await issuesOn(piWithV2, model, { canLimitProcesses: false });
    expect(issue?.text).toContain("The kernel does not limit the agent's memory.");
  });
});

describe("a limit on the data of this program", () => {
  const unlimited = unitOf({ "memory.max": "max\n", "memory.high": "max\n" });

  test("is reported if it leaves a model less than the budget, with the part that Node reserves", async () => {
    const limits = { dataLimitBytes: 700 * MIB, reservedCodeBytes: 512 * MIB };
    const [issue, ...others] = await issuesOn(unlimited, model, limits);
    expect(others).toEqual([]);
    expect(issue).toMatchObject({ severity: "warning", code: "data-limit-low" });
    expect(issue?.text).toBe(
      "This program has a data limit of 700 MB, which leaves a model less than max_memory_mb. The engine's process " +
        "inherits the limit, and Node reserves 512 MB of it for code. Remove the limit (ulimit -d, or LimitDATA= of " +
        "systemd). MemoryMax= limits the memory that is in use.",
    );
  });

  test("is not reported if the budget fits into it, or without a model", async () => {
    const limits = { dataLimitBytes: 700 * MIB, reservedCodeBytes: 0 };
    expect(await issuesOn(unlimited, model, limits)).toEqual([]);
    expect(await issuesOn(unlimited, {}, { ...limits, dataLimitBytes: 100 * MIB })).toEqual([]);
  });
});

describe("a limit on this process", () => {
  test("is reported with its source if it is below the budget", async () => {
    const [issue] = await issuesOn(unitOf({ "memory.max": `${256 * MIB}\n`, "memory.high": "max\n" }), {});
    expect(issue).toMatchObject({ severity: "warning", code: "memory-limit-low" });
    expect(issue?.text).toContain("The agent's budget is 300 MB, but this process is limited to 256 MB.");
    expect(issue?.text).toContain("cgroup v2 /system.slice/nanoagent.service.");
  });

  test("counts memory.high, from which the kernel slows the process down", async () => {
    const files = unitOf({ "memory.max": `${512 * MIB}\n`, "memory.high": `${200 * MIB}\n` });
    expect((await issuesOn(files, {}))[0]?.text).toContain("nanoagent.service (memory.high)");
  });

  test("is not reported above the budget", async () => {
    expect(await issuesOn(unitOf({ "memory.max": `${300 * MIB}\n`, "memory.high": "max\n" }), model)).toEqual([]);
  });
});
