import type { MemoryReading } from "@nanoagent/models";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyText } from "../../../../scripts/any-text.js";
import { DeviceMemoryProbe, LocalMachine, type Machine } from "../../src/index.js";
import { type FixtureFile, FixtureMachine, type FixtureMachineContents } from "../../src/testing/index.js";

type Files = Record<string, FixtureFile>;

const MB = 2 ** 20;
/** Values for no limit in version 1, with pages of 4 KB, 16 KB, 64 KB, and on 32 bit. */
const NO_V1_LIMITS = ["9223372036854771712", "9223372036854759424", "9223372036854710272", "8796093018112"];
const V2_MOUNT = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
const V1_MOUNT = "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n";
const CONTROLLERS = "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t0\t80\t1\nmemory\t0\t80\t1\n";

const psi = (percent: string) =>
  `some avg10=${percent} avg60=0.50 avg300=0.11 total=13466\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=11\n`;

/** RAM of 1000 MB with 800 MB available, and a pressure of 1 %. */
const system: Files = {
  "/proc/meminfo": `MemTotal: ${1000 * 1024} kB\nMemFree: ${100 * 1024} kB\nMemAvailable: ${800 * 1024} kB\n`,
  "/proc/pressure/memory": psi("1.00"),
};

/** Returns a cgroup of version 2, with figures in MB. */
function v2(directory: string, mb: { max?: number | "max"; high?: number; current?: number; cache?: number }): Files {
  const bytes = (figure: number | "max") => `${figure === "max" ? figure : figure * MB}\n`;
  return {
    [`${directory}/memory.max`]: bytes(mb.max ?? "max"),
    [`${directory}/memory.high`]: bytes(mb.high ?? "max"),
    [`${directory}/memory.current`]: bytes(mb.current ?? 0),
    [`${directory}/memory.stat`]: `anon 4096\nfile 8192\nactive_file 0\ninactive_file ${(mb.cache ?? 0) * MB}\nslab 5\n`,
  };
}

/** Returns a cgroup of version 1, with figures in MB. `least` is the effective limit that the kernel reports. */
function v1(
  directory: string,
  mb: { limit?: number | string; least?: number | string; usage?: number; cache?: number },
): Files {
  const bytes = (figure: number | string = NO_V1_LIMITS[0] ?? "") =>
    `${typeof figure === "number" ? figure * MB : figure}\n`;
  return {
    [`${directory}/memory.limit_in_bytes`]: bytes(mb.limit),
    [`${directory}/memory.usage_in_bytes`]: bytes(mb.usage ?? 0),
    [`${directory}/memory.stat`]: `cache 1\ninactive_file 3\nhierarchical_memory_limit ${bytes(mb.least ?? mb.limit)}total_inactive_file ${(mb.cache ?? 0) * MB}\n`,
  };
}

function reading(expected: {
  available: number;
  machine?: number;
  limit?: number;
  source?: string;
  pressure?: number | null;
}) {
  return {
    total_bytes: 1000 * MB,
    available_bytes: expected.available * MB,
    machine_available_bytes: (expected.machine ?? 800) * MB,
    limit_bytes: expected.limit === undefined ? null : expected.limit * MB,
    limit_source: expected.source ?? null,
    pressure_percent: expected.pressure === undefined ? 1 : expected.pressure,
  };
}

const CG = "/sys/fs/cgroup";
const POD = "/kubepods/burstable/pod4a1c9f2e-7b1d-4c57-9a3e-0d1b6f1c2e77";
const CONTAINER = `${POD}/8d1c1a3f5b7d9e0f2a4c6e8b0d2f4a6c8e0b2d4f6a8c0e2b4d6f8a0c2e4b6d8f`;
const V1 = "/sys/fs/cgroup/memory";

const inV2 = (path: string, files: Files): Files => ({
  ...system,
  "/proc/self/cgroup": `0::${path}\n`,
  "/proc/self/mountinfo": V2_MOUNT,
  ...files,
});
const inV1 = (path: string, files: Files): Files => ({
  ...system,
  "/proc/self/cgroup": `5:cpu,cpuacct:${path}\n4:memory:${path}\n1:name=systemd:${path}\n`,
  "/proc/self/mountinfo": V1_MOUNT,
  ...files,
});

const cases: [of: string, files: Files, expected: MemoryReading][] = [
  ["no cgroups", system, reading({ available: 800 })],
  [
    "a kernel without memory pressure",
    { "/proc/meminfo": system["/proc/meminfo"] ?? "" },
    reading({ available: 800, pressure: null }),
  ],
  [
    "cgroups with this process in the root",
    inV2("/", { "/proc/cgroups": CONTROLLERS, [`${CG}/cgroup.controllers`]: "cpu memory pids\n" }),
    reading({ available: 800 }),
  ],
  [
    "v2 without a limit",
    inV2("/a/b", { ...v2(`${CG}/a/b`, { current: 300 }), ...v2(`${CG}/a`, { current: 400 }) }),
    reading({ available: 800 }),
  ],
  [
    "a v2 limit on the process's own group",
    inV2("/system.slice/a.service", v2(`${CG}/system.slice/a.service`, { max: 256, current: 200, cache: 60 })),
    reading({ available: 116, limit: 256, source: "cgroup v2 /system.slice/a.service" }),
  ],
  [
    "a v2 limit on the parent, with most memory used by a sibling",
    inV2("/a/b", {
      ...v2(`${CG}/a/b`, { current: 10 }),
      ...v2(`${CG}/a`, { max: 256, current: 200, cache: 4 }),
      [`${CG}/a/b/memory.pressure`]: psi("2.00"),
      [`${CG}/a/memory.pressure`]: psi("33.25"),
    }),
    reading({ available: 60, limit: 256, source: "cgroup v2 /a", pressure: 33.25 }),
  ],
  [
    "v2 limits on both groups, where the higher one has less left",
    inV2("/a/b", { ...v2(`${CG}/a/b`, { max: 200, current: 10 }), ...v2(`${CG}/a`, { max: 500, current: 480 }) }),
    reading({ available: 20, limit: 200, source: "cgroup v2 /a/b" }),
  ],
  [
    "equal v2 limits on both groups, of which the nearer is named",
    inV2("/a/b", { ...v2(`${CG}/a/b`, { max: 200 }), ...v2(`${CG}/a`, { max: 200 }) }),
    reading({ available: 200, limit: 200, source: "cgroup v2 /a/b" }),
  ],
  [
    "a v2 memory.high below memory.max",
    inV2("/a", v2(`${CG}/a`, { max: 512, high: 300, current: 100 })),
    reading({ available: 200, limit: 300, source: "cgroup v2 /a (memory.high)" }),
  ],
  [
    "only a v2 memory.high, on the parent",
    inV2("/a/b", { ...v2(`${CG}/a/b`, {}), ...v2(`${CG}/a`, { high: 300, current: 100 }) }),
    reading({ available: 200, limit: 300, source: "cgroup v2 /a (memory.high)" }),
  ],
  [
    "a v2 memory.high above memory.max",
    inV2("/a", v2(`${CG}/a`, { max: 300, high: 512 })),
    reading({ available: 300, limit: 300, source: "cgroup v2 /a" }),
  ],
  [
    "a v2 limit of 0",
    inV2("/a", v2(`${CG}/a`, { max: 0 })),
    reading({ available: 0, limit: 0, source: "cgroup v2 /a" }),
  ],
  [
    "a v2 group beyond its limit",
    inV2("/a", v2(`${CG}/a`, { max: 100, current: 140, cache: 10 })),
    reading({ available: 0, limit: 100, source: "cgroup v2 /a" }),
  ],
  [
    "a v2 limit above the RAM, which is ignored",
    inV2("/a", v2(`${CG}/a`, { max: 1001, current: 900 })),
    reading({ available: 800 }),
  ],
  [
    "a v2 limit as large as the RAM, as lxcfs shows it",
    inV2("/a", v2(`${CG}/a`, { max: 1000, current: 900 })),
    reading({ available: 100, limit: 1000, source: "cgroup v2 /a" }),
  ],
  [
    "a limit that leaves more than the machine has",
    inV2("/a", v2(`${CG}/a`, { max: 900, current: 10 })),
    reading({ available: 800, limit: 900, source: "cgroup v2 /a" }),
  ],
  [
    "Docker on v2 in a separate namespace",
    {
      ...inV2("/", { ...v2(CG, { max: 512, current: 40, cache: 8 }), [`${CG}/memory.pressure`]: psi("7.50") }),
      "/proc/self/mountinfo": V2_MOUNT.replace("rw,nosuid shared:4", "ro,nosuid"),
    },
    reading({ available: 480, limit: 512, source: "cgroup v2 /", pressure: 7.5 }),
  ],
  [
    "Docker on v2 with the host's tree mounted, under unknown names",
    { ...inV2("/", v2(CG, {})), "/proc/self/mountinfo": V2_MOUNT.replace(" / ", " /../.. ") },
    reading({ available: 800 }),
  ],
  ["a group outside of the namespace", inV2("/../../other", v2(CG, { max: 100 })), reading({ available: 800 })],
  [
    "a deleted group, whose parent has a limit",
    inV2("/a/b (deleted)", { ...v2(`${CG}/a/b`, { max: 100 }), ...v2(`${CG}/a`, { max: 200, current: 50 }) }),
    reading({ available: 150, limit: 200, source: "cgroup v2 /a" }),
  ],
  [
    "names with spaces and colons, a mount point with a space",
    {
      ...inV2("/my group: a", v2("/mnt/cg roups/my group: a", { max: 200 })),
      "/proc/self/mountinfo": "30 23 0:26 / /mnt/cg\\040roups rw - cgroup2 none rw\n",
    },
    reading({ available: 200, limit: 200, source: "cgroup v2 /my group: a" }),
  ],
  [
    "v2 without the controller for the process's own group",
    inV2("/a/b", { [`${CG}/a/b/cgroup.controllers`]: "cpu\n", ...v2(`${CG}/a`, { max: 200, current: 50 }) }),
    reading({ available: 150, limit: 200, source: "cgroup v2 /a" }),
  ],
  [
    "Raspberry Pi OS: the controller disabled",
    inV2("/user.slice/session-1.scope", {
      "/proc/cgroups": CONTROLLERS.replace("memory\t0\t80\t1", "memory\t0\t80\t0"),
      [`${CG}/cgroup.controllers`]: "cpuset cpu io pids\n",
    }),
    reading({ available: 800, source: "cgroup memory controller disabled" }),
  ],
  [
    "the controller disabled, on a kernel without v1",
    inV2("/user.slice/session-1.scope", {
      "/proc/cgroups": "#subsys_name\thierarchy\tnum_cgroups\tenabled\n",
      [`${CG}/cgroup.controllers`]: "cpuset cpu io pids\n",
    }),
    reading({ available: 800, source: "cgroup memory controller disabled" }),
  ],
  [
    "the controller disabled, on v1",
    {
      ...system,
      "/proc/self/cgroup": "3:cpu:/\n",
      "/proc/self/mountinfo": "",
      "/proc/cgroups": "memory\t0\t1\t0\n",
    },
    reading({ available: 800, source: "cgroup memory controller disabled" }),
  ],
  [
    "v1 on Kubernetes with the whole tree visible",
    inV1(CONTAINER, {
      ...v1(`${V1}${CONTAINER}`, { limit: 256, usage: 200, cache: 100 }),
      ...v1(`${V1}${POD}`, { limit: 300, usage: 220, cache: 100 }),
      ...v1(`${V1}/kubepods/burstable`, { least: 900 }),
      ...v1(`${V1}/kubepods`, { limit: 900, usage: 400 }),
      ...v1(V1, { usage: 500 }),
    }),
    reading({ available: 156, limit: 256, source: `cgroup v1 ${CONTAINER}` }),
  ],
  [
    "v1 on Kubernetes with a limit only on the pod",
    inV1(CONTAINER, {
      ...v1(`${V1}${CONTAINER}`, { least: 300, usage: 10 }),
      ...v1(`${V1}${POD}`, { limit: 300, usage: 220, cache: 100 }),
      ...v1(`${V1}/kubepods/burstable`, {}),
      ...v1(`${V1}/kubepods`, {}),
      ...v1(V1, {}),
    }),
    reading({ available: 180, limit: 300, source: `cgroup v1 ${POD}` }),
  ],
  [
    "v1 in a container that sees only its own limited group",
    {
      ...inV1(CONTAINER, v1(V1, { limit: 256, usage: 200, cache: 100 })),
      "/proc/self/mountinfo": V1_MOUNT.replace(" / ", ` ${CONTAINER} `),
    },
    reading({ available: 156, limit: 256, source: `cgroup v1 ${CONTAINER}` }),
  ],
  [
    "v1 in a container with a limit at a hidden group",
    { ...inV1("/", v1(V1, { least: 300, usage: 50, cache: 20 })) },
    reading({ available: 270, limit: 300, source: "cgroup v1, above /" }),
  ],
  [
    "v1 with a limit, and a lower one at a hidden group",
    inV1("/", v1(V1, { limit: 400, least: 300, usage: 50 })),
    reading({ available: 250, limit: 300, source: "cgroup v1, above /" }),
  ],
  [
    "v1 of an old kernel that ignores a lower limit above",
    inV1("/a/b", { ...v1(`${V1}/a/b`, { limit: 300, usage: 50 }), ...v1(`${V1}/a`, { limit: 100 }), ...v1(V1, {}) }),
    reading({ available: 250, limit: 300, source: "cgroup v1 /a/b" }),
  ],
  [
    "v1 whose memory.stat cannot be read",
    inV1("/a/b", {
      ...v1(`${V1}/a/b`, { limit: 300, usage: 50 }),
      ...v1(`${V1}/a`, { limit: 200, usage: 60 }),
      [`${V1}/a/b/memory.stat`]: { errno: "EIO" },
      [`${V1}/a/memory.stat`]: { errno: "EACCES" },
    }),
    reading({ available: 140, limit: 200, source: "cgroup v1 /a" }),
  ],
  [
    "v1 whose usage cannot be read",
    inV1("/a", { ...v1(`${V1}/a`, { limit: 300 }), [`${V1}/a/memory.usage_in_bytes`]: { errno: "EIO" } }),
    reading({ available: 300, limit: 300, source: "cgroup v1 /a" }),
  ],
  [
    "a hybrid with memory in v1 and pressure in v2",
    {
      ...inV1("/a", {
        ...v1(`${V1}/a`, { limit: 256, usage: 56 }),
        ...v1(V1, {}),
        ...v2(`${CG}/unified/u`, { max: 1 }),
        [`${CG}/unified/u/memory.pressure`]: psi("12.00"),
      }),
      "/proc/self/cgroup": "4:memory:/a\n1:cpu:/\n0::/u\n",
      "/proc/self/mountinfo": `${V1_MOUNT}${V2_MOUNT.replace("/sys/fs/cgroup", "/sys/fs/cgroup/unified")}`,
    },
    reading({ available: 200, limit: 256, source: "cgroup v1 /a", pressure: 12 }),
  ],
  [
    "a hybrid with memory in v2",
    {
      ...inV2("/u", v2(`${CG}/unified/u`, { max: 256, current: 56 })),
      "/proc/self/cgroup": "3:cpu,cpuacct:/a\n1:name=systemd:/u\n0::/u\n",
      "/proc/self/mountinfo": `${V1_MOUNT.replaceAll("memory", "cpu,cpuacct")}${V2_MOUNT.replace("/sys/fs/cgroup", "/sys/fs/cgroup/unified")}`,
    },
    reading({ available: 200, limit: 256, source: "cgroup v2 /u" }),
  ],
  [
    "memory in a v1 that is not mounted",
    { ...inV1("/a", {}), "/proc/self/mountinfo": V2_MOUNT },
    reading({ available: 800 }),
  ],
  ...NO_V1_LIMITS.map((none): [string, Files, MemoryReading] => [
    `v1 without a limit, written as ${none}`,
    inV1("/a", { ...v1(`${V1}/a`, { limit: none, usage: 900 }), ...v1(V1, { limit: none, usage: 950 }) }),
    reading({ available: 800 }),
  ]),
];

describe("DeviceMemoryProbe", () => {
  it.each(cases)("reads %s", async (_, files, expected) => {
    const probe = new DeviceMemoryProbe({ machine: new FixtureMachine({ files }) });
    expect(await probe.read()).toEqual(expected);
    expect(await probe.read()).toEqual(expected);
  });

  it("uses the OS figures without a limit on other systems", async () => {
    const files = inV2("/a", v2(`${CG}/a`, { max: 256 }));
    const machine = { platform: "darwin", totalMemoryBytes: 1000 * MB, availableMemoryBytes: 300 * MB, files };
    expect(await new DeviceMemoryProbe({ machine: new FixtureMachine(machine) }).read()).toEqual(
      reading({ available: 300, machine: 300, pressure: null }),
    );
    const android = new FixtureMachine({ ...machine, platform: "android" });
    expect((await new DeviceMemoryProbe({ machine: android }).read()).limit_bytes).toBe(256 * MB);
  });

  it("assumes 512 MB, half of it available, if nothing is known", async () => {
    expect(await new DeviceMemoryProbe({ machine: new FixtureMachine() }).read()).toEqual({
      ...reading({ available: 256, machine: 256, pressure: null }),
      total_bytes: 512 * MB,
    });
  });

  it.each([
    ["above 100 %", psi("100.01")],
    ["negative", psi("-1.00")],
    ["a line cut off", "some avg10=12"],
    ["garbage", "\0"],
  ])("uses the machine's pressure if that of the group is %s", async (_, text) => {
    const files = inV2("/a", { ...v2(`${CG}/a`, {}), [`${CG}/a/memory.pressure`]: text });
    expect((await new DeviceMemoryProbe({ machine: new FixtureMachine({ files }) }).read()).pressure_percent).toBe(1);
  });
});

/** A machine with changing files that records its reads. */
class LiveMachine extends FixtureMachine {
  files: Files;
  reads: string[] = [];

  constructor(files: Files) {
    super();
    this.files = files;
  }

  override async readText(path: string, maxBytes?: number): Promise<string> {
    this.reads.push(path);
    return new FixtureMachine({ files: this.files }).readText(path, maxBytes);
  }
}

describe("between readings, the probe", () => {
  const limited = { ...v2(`${CG}/a/b`, { max: 200, current: 50 }), ...v2(`${CG}/a`, {}) };

  it("caches the path to the root", async () => {
    const machine = new LiveMachine(inV2("/a/b", limited));
    const probe = new DeviceMemoryProbe({ machine });
    await probe.read();
    expect(machine.reads).toContain("/proc/self/mountinfo");
    machine.reads = [];
    await probe.read();
    expect(machine.reads).not.toContain("/proc/self/mountinfo");
  });

  it("sees a limit that is set, changed and removed", async () => {
    const machine = new LiveMachine(inV2("/a", v2(`${CG}/a`, {})));
    const probe = new DeviceMemoryProbe({ machine });
    const limit = async (mb: number | "max") => {
      Object.assign(machine.files, v2(`${CG}/a`, { max: mb }));
      return (await probe.read()).limit_bytes;
    };
    expect(await limit("max")).toBeNull();
    expect(await limit(200)).toBe(200 * MB);
    expect(await limit(100)).toBe(100 * MB);
    expect(await limit("max")).toBeNull();
  });

  it("sees that it was moved to another group", async () => {
    const machine = new LiveMachine(inV2("/a/b", { ...limited, ...v2(`${CG}/host`, { max: 64 }) }));
    const probe = new DeviceMemoryProbe({ machine });
    expect(await probe.read()).toEqual(reading({ available: 150, limit: 200, source: "cgroup v2 /a/b" }));
    machine.files["/proc/self/cgroup"] = "0::/host\n";
    expect(await probe.read()).toEqual(reading({ available: 64, limit: 64, source: "cgroup v2 /host" }));
  });

  it("reads the mounts again if it finds nothing at their paths", async () => {
    const machine = new LiveMachine(inV2("/a", v2(`${CG}/a`, { max: 200 })));
    const probe = new DeviceMemoryProbe({ machine });
    expect((await probe.read()).limit_bytes).toBe(200 * MB);
    machine.files = {
      ...inV2("/a", v2("/run/cg/a", { max: 200 })),
      "/proc/self/mountinfo": V2_MOUNT.replace("/sys/fs/cgroup", "/run/cg"),
    };
    expect((await probe.read()).limit_bytes).toBe(200 * MB);
  });

  it("does not read them at every reading if there are none", async () => {
    const machine = new LiveMachine(inV2("/a", { "/proc/cgroups": CONTROLLERS.replace("80\t1\n", "80\t0\n") }));
    const probe = new DeviceMemoryProbe({ machine });
    await probe.read();
    machine.reads = [];
    await probe.read();
    expect(machine.reads).not.toContain("/proc/self/mountinfo");
    expect(machine.reads).not.toContain("/proc/cgroups");
  });

  it("sees that the controller was enabled for its group", async () => {
    const machine = new LiveMachine(inV2("/a", { [`${CG}/cgroup.controllers`]: "cpu memory\n" }));
    const probe = new DeviceMemoryProbe({ machine });
    expect((await probe.read()).limit_bytes).toBeNull();
    Object.assign(machine.files, v2(`${CG}/a`, { max: 200 }));
    expect((await probe.read()).limit_bytes).toBe(200 * MB);
  });

  it("recovers from mounts and groups that could not be read once", async () => {
    for (const path of ["/proc/self/mountinfo", "/proc/self/cgroup", `${CG}/a/memory.max`]) {
      const files = inV2("/a", v2(`${CG}/a`, { max: 200 }));
      const machine = new LiveMachine({ ...files, [path]: { errno: "EIO" } });
      const probe = new DeviceMemoryProbe({ machine });
      expect((await probe.read()).limit_bytes, path).toBeNull();
      machine.files = files;
      expect((await probe.read()).limit_bytes, path).toBe(200 * MB);
    }
  });

  it.each<[of: string, files: Files, reads: number]>([
    ["no cgroups", system, 3],
    ["v1 without a limit, four deep", inV1("/a/b/c", v1(`${V1}/a/b/c`, {})), 4],
    [
      "v1 on Kubernetes, three limits",
      inV1(CONTAINER, {
        ...v1(`${V1}${CONTAINER}`, { limit: 256 }),
        ...v1(`${V1}${POD}`, { limit: 300 }),
        ...v1(`${V1}/kubepods/burstable`, {}),
        ...v1(`${V1}/kubepods`, { limit: 900 }),
        ...v1(V1, {}),
      }),
      14,
    ],
    ["v2 in a container", inV2("/", v2(CG, { max: 256 })), 8],
    [
      "v2 in a desktop session, no limit",
      inV2("/user.slice/user-1000.slice/user@1000.service/app.slice/a.scope", v2(`${CG}/user.slice`, {})),
      16,
    ],
  ])("needs few reads: %s", async (_, files, reads) => {
    const machine = new LiveMachine(files);
    const probe = new DeviceMemoryProbe({ machine });
    await probe.read();
    machine.reads = [];
    await probe.read();
    expect(machine.reads).toHaveLength(reads);
  });
});

/** Checks invariants of a reading from any source. */
function expectSound(found: MemoryReading): void {
  const bytes = [found.total_bytes, found.available_bytes, found.limit_bytes ?? 0];
  expect(bytes.every((figure) => Number.isSafeInteger(figure) && figure >= 0)).toBe(true);
  expect(found.total_bytes).toBeGreaterThan(0);
  expect(found.available_bytes).toBeLessThanOrEqual(found.limit_bytes ?? found.total_bytes);
  expect(found.limit_bytes ?? 0).toBeLessThanOrEqual(found.total_bytes);
  if (found.limit_bytes !== null) expect(found.limit_source).not.toBeNull();
  expect(found.pressure_percent ?? 0).toBeGreaterThanOrEqual(0);
  expect(found.pressure_percent ?? 0).toBeLessThanOrEqual(100);
}

describe("hostile machines", () => {
  const fault = fc
    .constantFrom("EACCES", "EIO", "EINVAL", "ENOENT", "EISDIR", "ENODATA", "EOPNOTSUPP")
    .map((errno) => ({ errno }));
  const figure = fc.oneof(
    fc.bigInt().map(String),
    fc.constantFrom(
      "",
      "max",
      "max\n",
      "-1",
      "0",
      "1e9",
      "0x10",
      " 5 ",
      "Infinity",
      "NaN",
      `${2n ** 64n}`,
      "9".repeat(400),
    ),
    fc.integer({ min: 0, max: 2000 }).map((mb) => `${mb * MB}\n`),
  );
  const text: fc.Arbitrary<FixtureFile> = fc.oneof(
    figure,
    anyText({ maxLength: 200 }),
    fc.constantFrom("\0", "x\n".repeat(40_000), "__proto__ 1\nconstructor 2\n", "0::/\n0::/a\n4:memory:/a\n"),
    fc
      .tuple(
        fc.constantFrom(
          "MemTotal:",
          "MemAvailable:",
          "hierarchical_memory_limit",
          "total_inactive_file",
          "inactive_file",
          "some avg10=",
        ),
        fc.constantFrom(" ", ""),
        figure,
        fc.constantFrom(" kB\n", "\n", ""),
      )
      .map((parts) => parts.join("")),
    fault,
  );

  it("never make a reading fail, for any replaced, truncated or missing files", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...cases.map(([, files]) => files)),
        fc.array(fc.tuple(fc.nat(), fc.oneof(text, fc.nat(300)))),
        fc.oneof(fc.double(), fc.integer()),
        async (files, changes, osBytes) => {
          const changed = { ...files };
          const paths = Object.keys(files);
          for (const [index, change] of changes) {
            const path = paths[index % paths.length] ?? "";
            const file = files[path] ?? "";
            if (typeof change !== "number") changed[path] = change;
            else if (typeof file === "string") changed[path] = file.slice(0, change);
          }
          const machine = new LiveMachine(files);
          const probe = new DeviceMemoryProbe({ machine });
          await probe.read();
          machine.files = changed;
          expectSound(await probe.read());
          const contents: FixtureMachineContents = {
            files: changed,
            totalMemoryBytes: osBytes,
            availableMemoryBytes: osBytes,
          };
          expectSound(await new DeviceMemoryProbe({ machine: new FixtureMachine(contents) }).read());
        },
      ),
    );
  });

  it("need few reads in a tree of a thousand levels", async () => {
    const machine = new LiveMachine(inV2("/x".repeat(1000), {}));
    await new DeviceMemoryProbe({ machine }).read();
    expect(machine.reads.length).toBeLessThan(50);
  });

  it("may throw instead of rejecting", async () => {
    const broken: Machine = Object.assign(new FixtureMachine({ totalMemoryBytes: 100 * MB }), {
      readText: () => {
        throw new TypeError("not implemented");
      },
    });
    const found = await new DeviceMemoryProbe({ machine: broken }).read();
    expect(found).toMatchObject({ total_bytes: 100 * MB, available_bytes: 50 * MB, limit_bytes: null });
  });
});

describe("any tree of groups", () => {
  const mb = fc.integer({ min: 0, max: 1200 });
  const group = fc.record({ limit: fc.option(mb), high: fc.option(mb), usage: mb, cache: mb });
  const tree = fc.array(group, { minLength: 1, maxLength: 8 });
  /** Own group first, without the root, which has no limit. */
  const directoryOf = (depth: number) => "/g".repeat(depth);

  it.each([1, 2] as const)(
    "version %d: the lowest limit applies, and the smallest rest is available",
    async (version) => {
      await fc.assert(
        fc.asyncProperty(tree, async (groups) => {
          const files: Files = {};
          const limits: { limit: number; left: number }[] = [];
          groups.forEach(({ limit, high, usage, cache }, index) => {
            const depth = groups.length - index;
            const lowest = Math.min(limit ?? Infinity, version === 2 ? (high ?? Infinity) : Infinity);
            if (lowest <= 1000) limits.push({ limit: lowest, left: Math.max(0, lowest - Math.max(0, usage - cache)) });
            if (version === 2) {
              const { [`${CG}/memory.high`]: _, ...rest } = v2(`${CG}${directoryOf(depth)}`, {
                ...(limit === null ? {} : { max: limit }),
                ...(high === null ? {} : { high }),
                current: usage,
                cache,
              });
              Object.assign(files, rest);
            } else {
              const least = Math.min(...groups.slice(index).map((above) => above.limit ?? Infinity));
              Object.assign(
                files,
                v1(`${V1}${directoryOf(depth)}`, {
                  ...(limit === null ? {} : { limit }),
                  least: least === Infinity ? (NO_V1_LIMITS[0] ?? "") : least,
                  usage,
                  cache,
                }),
              );
            }
          });
          const path = directoryOf(groups.length);
          const machine = new FixtureMachine({ files: version === 2 ? inV2(path, files) : inV1(path, files) });
          const found = await new DeviceMemoryProbe({ machine }).read();
          const lowest = Math.min(...limits.map(({ limit }) => limit));
          expect(found.limit_bytes).toBe(limits.length === 0 ? null : lowest * MB);
          expect(found.available_bytes).toBe(Math.min(800, ...limits.map(({ left }) => left)) * MB);
        }),
      );
    },
  );
});

describe("this machine", () => {
  it("is the default of the probe, and has a reading", async () => {
    expectSound(await new DeviceMemoryProbe().read());
    expectSound(await new DeviceMemoryProbe({}).read());
    expectSound(await new DeviceMemoryProbe({ machine: new LocalMachine() }).read());
  });
});
