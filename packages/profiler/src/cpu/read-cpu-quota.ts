import type { Machine } from "../machine.js";
import { cgroupMounts } from "../memory/cgroup-mounts.js";
import { visibleLevels } from "../memory/visible-levels.js";
import { readOrNull } from "../read-or-null.js";

const MAX_MOUNTINFO_BYTES = 2 ** 18;

/** Processor time that cgroups allow for this process, in cores: 0.25, 1.5. */
export interface CpuQuota {
  cores: number;
  source: string;
}

/** Returns the lowest quota of all cgroups from the process's own to the root, version 1 or 2; null without a quota. */
export async function readCpuQuota(machine: Machine): Promise<CpuQuota | null> {
  const membership = (await readOrNull(machine, "/proc/self/cgroup")) ?? "";
  const mountinfo = (await readOrNull(machine, "/proc/self/mountinfo", MAX_MOUNTINFO_BYTES)) ?? "";
  const mounts = cgroupMounts(mountinfo);
  const v1Path = pathIn(membership, (controllers) => controllers.split(",").includes("cpu"));
  const v2Path = pathIn(membership, (controllers) => controllers === "");
  const isV1 = v1Path !== null;
  const levels = visibleLevels(
    v1Path ?? v2Path ?? "",
    mounts.filter(({ version, controllers }) => (isV1 ? version === 1 && controllers.includes("cpu") : version === 2)),
  );
  let tightest: CpuQuota | null = null;
  for (const { directory } of levels) {
    const quota = isV1 ? await readV1(machine, directory) : await readV2(machine, directory);
    if (quota !== null && (tightest === null || quota.cores < tightest.cores)) tightest = quota;
  }
  return tightest;
}

function pathIn(membership: string, isIt: (controllers: string) => boolean): string | null {
  for (const line of membership.split("\n")) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path !== undefined && controllers !== undefined && isIt(controllers)) return path;
  }
  return null;
}

async function readV1(machine: Machine, directory: string): Promise<CpuQuota | null> {
  const quota = await readOrNull(machine, `${directory}/cpu.cfs_quota_us`);
  const period = await readOrNull(machine, `${directory}/cpu.cfs_period_us`);
  return share(quota ?? "", period ?? "", `${directory}/cpu.cfs_quota_us`);
}

async function readV2(machine: Machine, directory: string): Promise<CpuQuota | null> {
  const [quota = "", period = ""] = ((await readOrNull(machine, `${directory}/cpu.max`)) ?? "").trim().split(" ");
  return share(quota, period, `${directory}/cpu.max`);
}

function share(quotaText: string, periodText: string, source: string): CpuQuota | null {
  const quota = Number(quotaText.trim() || Number.NaN);
  const period = Number(periodText.trim() || Number.NaN);
  // `max` and -1 mean no quota.
  return quota > 0 && period > 0 && Number.isFinite(quota / period) ? { cores: quota / period, source } : null;
}
