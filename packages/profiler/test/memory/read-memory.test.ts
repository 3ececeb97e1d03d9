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
  ["what the kernel counts", { ...os, files: meminfo({ MemTotal: 100, MemFree: 5, MemAvailable: 40 }) }, 100, 40],
  ["no more available than there is", { files: meminfo({ MemTotal: 100, MemAvailable: 400 }) }, 100, 100],
  [
    "the sum of before Linux 3.14",
    { files: meminfo({ MemTotal: 100, MemFree: 5, Buffers: 2, Cached: 20, Shmem: 4, SReclaimable: 3 }) },
    100,
    26,
  ],
  [
    "the sum where old lxcfs says 0",
    { files: meminfo({ MemTotal: 100, MemFree: 5, MemAvailable: 0, Buffers: 0, Cached: 7 }) },
    100,
    12,
  ],
  [
    "the free alone, where the shared exceeds the caches",
    { files: meminfo({ MemTotal: 100, MemFree: 5, Cached: 7, Shmem: 70 }) },
    100,
    5,
  ],
  ["the OS, no meminfo", os, 64, 16],
  ["the OS, meminfo EACCES", { ...os, files: { "/proc/meminfo": { errno: "EACCES" } } }, 64, 16],
  ["the OS, one field beyond any number", { ...os, files: meminfo({ MemTotal: 100, MemAvailable: 2 ** 63 }) }, 100, 16],
  ["the OS on a Mac", { ...os, platform: "darwin", files: meminfo({ MemTotal: 100 }) }, 64, 16],
  ["nobody", {}, null, null],
  ["an OS that says NaN", { totalMemoryBytes: Number.NaN, availableMemoryBytes: Number.NaN }, null, null],
  ["an OS that says fractions", { totalMemoryBytes: 1.5, availableMemoryBytes: 0.5 }, null, null],
  ["an OS that knows the total alone", { totalMemoryBytes: 64 * MB, availableMemoryBytes: -1 }, 64, null],
];

describe("readMemory", () => {
  it.each(cases)("takes %s", async (_, machine, totalMb, availableMb) => {
    expect(await readMemory(new FixtureMachine(machine))).toEqual({
      totalBytes: totalMb === null ? null : totalMb * MB,
      availableBytes: availableMb === null ? null : availableMb * MB,
    });
  });
});
