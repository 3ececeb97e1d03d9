import fc from "fast-check";
import { expect, test } from "vitest";
import { DeviceProfiler } from "../../src/device-profiler.js";
import { readMeasuredDevice } from "../../src/measure/measured-device.js";
import { FixtureMachine } from "../../src/testing/fixture-machine.js";

const PERIOD = 100_000;

/** Builds a machine with a process in nested groups. Each has a quota in hundredths of a core, or null for none. */
function machineOf(version: 1 | 2, cpuCount: number, allowed: number, quotas: readonly (number | null)[]) {
  const path = quotas.map((_, index) => `/g${index}`).join("") || "/";
  const files: Record<string, string> = {
    "/proc/self/status": `Name:\tnode\nCpus_allowed_list:\t0-${allowed - 1}\n`,
    "/proc/self/cgroup": version === 2 ? `0::${path}\n` : `3:cpu,cpuacct:${path}\n`,
    "/proc/self/mountinfo":
      version === 2
        ? "30 20 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n"
        : "30 20 0:27 / /sys/fs/cgroup rw - cgroup cgroup rw,cpu,cpuacct\n",
  };
  let folder = "/sys/fs/cgroup";
  for (const [index, quota] of quotas.entries()) {
    folder += `/g${index}`;
    const microseconds = quota === null ? null : quota * (PERIOD / 100);
    if (version === 2) files[`${folder}/cpu.max`] = `${microseconds ?? "max"} ${PERIOD}\n`;
    else {
      files[`${folder}/cpu.cfs_quota_us`] = `${microseconds ?? -1}\n`;
      files[`${folder}/cpu.cfs_period_us`] = `${PERIOD}\n`;
    }
  }
  return new FixtureMachine({ cpuCount, files });
}

test.each([1, 2] as const)(
  "version %i: the usable cores are limited by processors, affinity and every quota",
  async (version) => {
    const quota = fc.option(fc.integer({ min: 1, max: 1600 }));
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 64 }),
        fc.integer({ min: 1, max: 64 }),
        fc.array(quota, { maxLength: 4 }),
        async (cpuCount, allowed, quotas) => {
          const machine = machineOf(version, cpuCount, allowed, quotas);
          const least = Math.min(
            cpuCount,
            allowed,
            ...quotas.map((hundredths) => Math.ceil((hundredths ?? 1e9) / 100)),
          );
          expect((await new DeviceProfiler({ machine }).profile()).cpu_cores).toBe(least);
          // A measurement under another quota counts as one of another device.
          expect((await readMeasuredDevice(machine)).cpu_cores).toBe(least);
        },
      ),
    );
  },
);
