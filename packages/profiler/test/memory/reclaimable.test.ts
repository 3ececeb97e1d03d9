import fc from "fast-check";
import { expect, test } from "vitest";
import { DeviceMemoryProbe } from "../../src/memory/device-memory-probe.js";
import { readMemory } from "../../src/memory/read-memory.js";
import { FixtureMachine } from "../../src/testing/fixture-machine.js";

const MB = 2 ** 20;

/** Memory of a group by kind, in MB. */
const contents = fc.record({
  anonymous: fc.nat(200),
  shared: fc.nat(100),
  locked: fc.nat(50),
  cleanInactive: fc.nat(300),
  cleanActive: fc.nat(600),
  dirty: fc.nat(80),
  writeback: fc.nat(40),
  names: fc.nat(60),
  kernel: fc.nat(60),
});
type Contents = typeof contents extends fc.Arbitrary<infer Value> ? Value : never;

const usageOf = (c: Contents) => Object.values(c).reduce((sum, mb) => sum + mb, 0);
const heldOf = (c: Contents) => c.anonymous + c.shared + c.locked + c.dirty + c.writeback + c.kernel;
const lines = (fields: Record<string, number>) =>
  Object.entries(fields)
    .map(([name, mb]) => `${name} ${mb * MB}\n`)
    .join("");

/** Returns `memory.stat` of version 2, as written by kernels since 4.5. */
function statV2(c: Contents): string {
  return lines({
    anon: c.anonymous,
    file: c.shared + c.locked + c.cleanInactive + c.cleanActive + c.dirty + c.writeback,
    shmem: c.shared,
    file_dirty: c.dirty,
    file_writeback: c.writeback,
    inactive_file: c.cleanInactive + c.dirty,
    active_file: c.cleanActive + c.writeback,
    unevictable: c.locked,
    slab_reclaimable: c.names,
    slab_unreclaimable: c.kernel,
  });
}

/** Returns `memory.stat` of version 1: figures of the group and totals with its children, without caches of names. */
function statV1(c: Contents, limitMb: number): string {
  const files = { dirty: c.dirty, writeback: c.writeback };
  const lists = { inactive_file: c.cleanInactive + c.dirty, active_file: c.cleanActive + c.writeback };
  const total = Object.entries({ ...files, ...lists, unevictable: c.locked }).map(([name, mb]) => [
    `total_${name}`,
    mb,
  ]);
  return lines({
    cache: 1,
    inactive_file: 0,
    active_file: 0,
    hierarchical_memory_limit: limitMb,
    ...Object.fromEntries(total),
  });
}

function machineIn(version: 1 | 2, groups: readonly { contents: Contents; limitMb: number; high?: number }[]) {
  const type = version === 2 ? "- cgroup2 cgroup rw" : "- cgroup cgroup rw,memory";
  const files: Record<string, string> = {
    "/proc/meminfo": `MemTotal: ${2 ** 30} kB\nMemFree: ${2 ** 29} kB\nMemAvailable: ${2 ** 29} kB\n`,
    "/proc/self/mountinfo": `35 32 0:29 / /sys/fs/cgroup rw,relatime ${type}\n`,
    "/proc/self/cgroup": `${version === 2 ? "0::" : "4:memory:"}${groups.map((_, index) => `/g${index}`).join("")}\n`,
  };
  let folder = "/sys/fs/cgroup";
  const least = Math.min(...groups.map(({ limitMb }) => limitMb));
  for (const [index, { contents, limitMb, high }] of groups.entries()) {
    folder += `/g${index}`;
    if (version === 2) {
      files[`${folder}/memory.max`] = `${limitMb * MB}\n`;
      files[`${folder}/memory.high`] = high === undefined ? "max\n" : `${high * MB}\n`;
      files[`${folder}/memory.current`] = `${usageOf(contents) * MB}\n`;
      files[`${folder}/memory.stat`] = statV2(contents);
    } else {
      files[`${folder}/memory.limit_in_bytes`] = `${limitMb * MB}\n`;
      files[`${folder}/memory.usage_in_bytes`] = `${usageOf(contents) * MB}\n`;
      files[`${folder}/memory.stat`] = statV1(contents, least);
    }
  }
  return new FixtureMachine({ files });
}

test.each([1, 2] as const)(
  "version %i: only memory that the kernel reclaims immediately counts as available",
  async (version) => {
    const group = fc.record({ contents, limitMb: fc.integer({ min: 1500, max: 4000 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(group, { minLength: 1, maxLength: 3 }), async (groups) => {
        const { available_bytes } = await new DeviceMemoryProbe({ machine: machineIn(version, groups) }).read();
        const held = (c: Contents) => heldOf(c) + (version === 1 ? c.names : 0);
        // A parent with a higher limit also matters, because it contains other processes.
        const binding =
          version === 1 ? groups.filter(({ limitMb }) => limitMb >= Math.min(...groups.map((g) => g.limitMb))) : groups;
        const left = binding.map(({ contents, limitMb }) => limitMb - held(contents));
        expect(available_bytes / MB).toBe(Math.max(0, Math.min(...left)));
      }),
    );
  },
);

test.each([1, 2] as const)("version %i: reading a file repeatedly changes nothing", async (version) => {
  await fc.assert(
    fc.asyncProperty(contents, fc.nat(900), fc.nat(900), async (before, inactive, active) => {
      const read = async (c: Contents) =>
        (await new DeviceMemoryProbe({ machine: machineIn(version, [{ contents: c, limitMb: 4000 }]) }).read())
          .available_bytes;
      const after = { ...before, cleanInactive: inactive, cleanActive: active };
      expect(await read(after)).toBe(await read(before));
    }),
  );
});

test("memory.high counts like a limit", async () => {
  const c = {
    anonymous: 100,
    shared: 0,
    locked: 0,
    cleanInactive: 50,
    cleanActive: 700,
    dirty: 0,
    writeback: 0,
    names: 0,
    kernel: 0,
  };
  const machine = machineIn(2, [{ contents: c, limitMb: 2000, high: 1000 }]);
  expect((await new DeviceMemoryProbe({ machine }).read()).available_bytes / MB).toBe(900);
});

const kib = (fields: Record<string, number>) =>
  Object.entries(fields)
    .map(([name, mb]) => `${name}: ${mb * 1024} kB\n`)
    .join("");

test.each<[string, Record<string, string>, number]>([
  [
    "an old kernel with lists",
    {
      "/proc/meminfo": kib({
        MemTotal: 900,
        MemFree: 100,
        Buffers: 20,
        Cached: 500,
        Shmem: 60,
        "Active(file)": 200,
        "Inactive(file)": 240,
        Dirty: 30,
        Writeback: 10,
        Mlocked: 20,
        SReclaimable: 15,
      }),
    },
    100 + 440 - 40 + 15,
  ],
  [
    "an older kernel without lists",
    {
      "/proc/meminfo": kib({
        MemTotal: 900,
        MemFree: 100,
        Buffers: 20,
        Cached: 500,
        Shmem: 60,
        Mlocked: 20,
        Dirty: 30,
        Writeback: 10,
      }),
    },
    100 + 520 - 80 - 40,
  ],
  [
    "a kernel with MemAvailable",
    { "/proc/meminfo": kib({ MemTotal: 900, MemFree: 100, MemAvailable: 400, Cached: 700 }) },
    400,
  ],
  [
    "huge pages, which are reserved and not available",
    { "/proc/meminfo": kib({ MemTotal: 900, MemFree: 100, "Active(file)": 0, "Inactive(file)": 50, Hugetlb: 600 }) },
    150,
  ],
  [
    "ZFS",
    {
      "/proc/meminfo": kib({ MemTotal: 900, MemFree: 100, MemAvailable: 120 }),
      "/proc/spl/kstat/zfs/arcstats": `name type data\nc_min 4 ${32 * MB}\nsize 4 ${432 * MB}\n`,
    },
    520,
  ],
  [
    "ZFS below its minimum size",
    {
      "/proc/meminfo": kib({ MemTotal: 900, MemAvailable: 120 }),
      "/proc/spl/kstat/zfs/arcstats": `c_min 4 ${32 * MB}\nsize 4 ${4 * MB}\n`,
    },
    120,
  ],
])("%s", async (_, files, availableMb) => {
  expect((await readMemory(new FixtureMachine({ files }))).availableBytes).toBe(availableMb * MB);
});
