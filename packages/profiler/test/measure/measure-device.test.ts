import os from "node:os";
import { DeviceMeasurement } from "@nanoagent/models";
import { describe, expect, it } from "vitest";
import { measureDevice } from "../../src/measure/measure-device.js";
import { FixtureMachine } from "../../src/testing/index.js";

const cores = os.availableParallelism();

describe("measureDevice", () => {
  it("measures memory, dot products and storage, and reports its progress", async () => {
    const steps: string[] = [];
    const shares: number[] = [];
    const { figures, notices } = await measureDevice({
      seconds: 1,
      storagePath: import.meta.dirname,
      onProgress: ({ step, share }) => {
        steps.push(step);
        shares.push(share);
      },
    });
    expect(figures.bandwidth[0]).toMatchObject({ threads: 1 });
    const counts = figures.bandwidth.map(({ threads }) => threads);
    expect(counts).toEqual([...new Set(counts)].sort((one, other) => one - other));
    expect(Math.max(...counts)).toBeLessThanOrEqual(cores);
    expect(figures.dot_products.map(({ type }) => type)).toEqual(["q8_0", "q4_0", "q4_k"]);
    for (const row of [...figures.bandwidth, ...figures.dot_products]) expect(row.per_second).toBeGreaterThan(1e6);
    expect(steps).toEqual([
      ...counts.map((threads) => `memory, ${threads} ${threads === 1 ? "thread" : "threads"}`),
      "products of q8_0",
      "products of q4_0",
      "products of q4_k",
      "storage",
    ]);
    expect(shares[0]).toBe(0);
    expect(shares).toEqual([...shares].sort((one, other) => one - other));
    expect(Math.max(...shares)).toBeLessThan(1);
    expect(notices.join("\n")).toMatch(/^Storage was /m);
    const written = { ...figures, format: 1, measured_at: "2026-01-01T00:00:00Z", engine_version: null };
    const device = { platform: "p", cpu_model: null, cpu_cores: 1, memory_mb: 1 };
    expect(() => DeviceMeasurement.parse({ ...written, device, calibrations: [] })).not.toThrow();
  });

  it("uses memory, cores and throttling of the machine", async () => {
    const machine = new FixtureMachine({
      cpuCount: 64,
      totalMemoryBytes: 2 ** 27,
      availableMemoryBytes: 2 ** 26,
      files: {
        "/sys/class/thermal/thermal_zone0/type": "cpu-thermal\n",
        "/sys/class/thermal/thermal_zone0/temp": "48312\n",
        "/sys/class/thermal/cooling_device0/type": "cpufreq-cpu0\n",
        "/sys/class/thermal/cooling_device0/cur_state": "2\n",
      },
    });
    const { figures, notices } = await measureDevice({ machine, seconds: 1, storagePath: null });
    expect(figures.bandwidth.map(({ threads }) => threads)).toEqual([1]);
    expect(figures.temperature_celsius).toEqual({ before: 48.312, after: 48.312 });
    expect(figures.storage_read).toBeNull();
    // It has no /proc/stat, and one thread on 64 cores cannot tell.
    expect(figures.contention).toBeNull();
    expect(notices).toEqual([
      "Only 1 thread of 64 fit in memory.",
      "The processor is throttled because of heat, power supply or settings.",
    ]);
  });

  it("reports a quota, an emulator or other processes that affect the figures", async () => {
    const busy = { reads: 0 };
    class BusyMachine extends FixtureMachine {
      override async readText(path: string, maxBytes?: number): Promise<string> {
        if (path !== "/proc/stat") return super.readText(path, maxBytes);
        busy.reads += 1;
        const ticks = busy.reads * 1e6;
        return Array.from({ length: 64 }, (_, cpu) => `cpu${cpu} ${ticks} 0 0 ${ticks / 10} 0 0 0 0 0 0\n`).join("");
      }
    }
    // The measuring thread belongs to this process: on one core it can use all time, on 64 cores almost none.
    const machine = new BusyMachine({
      machineType: "aarch64",
      cpuCount: 64,
      availableMemoryBytes: 2 ** 30,
      totalMemoryBytes: 2 ** 31,
      files: {
        "/proc/cpuinfo": "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Intel\nflags\t\t: fpu\n",
        "/proc/self/cgroup": "0::/a\n",
        "/proc/self/mountinfo": "30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
        "/sys/fs/cgroup/a/cpu.max": "25000 100000\n",
      },
    });
    const { figures, notices } = await measureDevice({ machine, seconds: 1, storagePath: null });
    expect(figures.contention).toBeGreaterThan(0.5);
    expect(notices).toEqual([
      "This program runs in an emulator: the figures are those of the emulator.",
      "A quota limits this process to 0.25 cores: the figures are the best moments within it.",
      expect.stringMatching(/^Other processes used \d+ % of the processors: /),
    ]);
  });

  it.each(process.env.NANOAGENT_SOAK ? [0, 50, 400, 1500, 5000] : [0, 50, 400])(
    "rejects with the reason when aborted after %d ms",
    async (milliseconds) => {
      const reason = new Error("enough");
      const controller = new AbortController();
      setTimeout(() => controller.abort(reason), milliseconds);
      const { signal } = controller;
      await expect(measureDevice({ seconds: 60, signal, storagePath: import.meta.dirname })).rejects.toBe(reason);
    },
  );
});
