import { describe, expect, it } from "vitest";
import { readMemory } from "../../src/memory/read-memory.js";
import { FixtureMachine, type FixtureMachineContents } from "../../src/testing/index.js";

const MB = 2 ** 20;
const os = { totalMemoryBytes: 64 * MB, availableMemoryBytes: 16 * MB };
const meminfo = (fields: Record<string, number | string>) => ({
  "/proc/meminfo": Object.entries(fields)
    .map(([name, mb]) => `${name}: ${typeof mb === "number" ? mb * 1024 : mb} kB\n`)
    .join(""),
});

const cases: [of: string, machine: FixtureMachineContents, totalMb: number | null, availableMb: number | null][] = [
  ["the figures of the kernel", { ...os, files: meminfo({ MemTotal: 100, MemFree: 5, MemAvailable: 40 }) }, 100, 40],
  ["at most the total as available", { files: meminfo({ MemTotal: 100, MemAvailable: 400 }) }, 100, 100],
  [
    "the sum, before Linux 3.14",
    { files: meminfo({ MemTotal: 100, MemFree: 5, Buffers: 2, Cached: 20, Shmem: 4, SReclaimable: 3 }) },
    100,
    26,
  ],
  [
    "the sum, if old lxcfs reports 0",
    { files: meminfo({ MemTotal: 100, MemFree: 5, MemAvailable: 0, Buffers: 0, Cached: 7 }) },
    100,
    12,
  ],
  [
    "only free memory, if shared memory exceeds the caches",
    { files: meminfo({ MemTotal: 100, MemFree: 5, Cached: 7, Shmem: 70 }) },
    100,
    5,
  ],
  ["the OS, no meminfo", os, 64, 16],
  ["the OS, meminfo EACCES", { ...os, files: { "/proc/meminfo": { errno: "EACCES" } } }, 64, 16],
  ["the OS, one field beyond any number", { ...os, files: meminfo({ MemTotal: 100, MemAvailable: 2 ** 63 }) }, 100, 16],
  ["the OS on a Mac", { ...os, platform: "darwin", files: meminfo({ MemTotal: 100 }) }, 64, 16],
  ["nobody", {}, null, null],
  [
    "nothing, from an OS that reports NaN",
    { totalMemoryBytes: Number.NaN, availableMemoryBytes: Number.NaN },
    null,
    null,
  ],
  ["nothing, from an OS that reports fractions", { totalMemoryBytes: 1.5, availableMemoryBytes: 0.5 }, null, null],
  [
    "only the total, from an OS that reports nothing else",
    { totalMemoryBytes: 64 * MB, availableMemoryBytes: -1 },
    64,
    null,
  ],
];

describe("readMemory", () => {
  it.each(cases)("returns %s", async (_, machine, totalMb, availableMb) => {
    expect(await readMemory(new FixtureMachine(machine))).toEqual({
      totalBytes: totalMb === null ? null : totalMb * MB,
      availableBytes: availableMb === null ? null : availableMb * MB,
    });
  });
});
