import type { GpuDetails } from "@nanoagent/models";
import type { FixtureFile, FixtureMachineContents } from "../../src/testing/index.js";

/** A machine written by hand from documented formats, with its expected facts. */
export interface Board {
  name: string;
  machine: FixtureMachineContents;
  /** Facts by `group.fact`; undefined means an unknown fact. */
  facts: Record<string, unknown>;
}

type Files = Record<string, FixtureFile>;

const CPU = "/sys/devices/system/cpu";

export const meminfo = (totalKib: number, availableKib: number): Files => ({
  "/proc/meminfo": `MemTotal:       ${totalKib} kB\nMemFree:        ${availableKib >> 1} kB\nMemAvailable:   ${availableKib} kB\n`,
});

export const swaps = (...lines: string[]): Files => ({
  "/proc/swaps": ["Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority", ...lines, ""].join("\n"),
});

export const pageSize = (kib: number): Files => ({
  "/proc/self/smaps": `55d0c8400000-55d0c8500000 r--p 00000000 b3:02 131 /usr/bin/node\nSize:  1024 kB\nKernelPageSize: ${kib} kB\nMMUPageSize: ${kib} kB\n`,
});

export const allowed = (list: string): Files => ({ "/proc/self/status": `Name:\tnode\nCpus_allowed_list:\t${list}\n` });

export const kernel = (release: string): Files => ({ "/proc/sys/kernel/osrelease": `${release}\n` });

/** Returns the files of cores in /sys, numbered from 0. */
export function cores(of: readonly { siblings?: string; capacity?: number; khz?: number; midr?: string }[]): Files {
  const files: Files = { [`${CPU}/online`]: `0-${of.length - 1}\n`, [`${CPU}/present`]: `0-${of.length - 1}\n` };
  of.forEach(({ siblings, capacity, khz, midr }, number) => {
    const folder = `${CPU}/cpu${number}`;
    files[`${folder}/topology/thread_siblings_list`] = `${siblings ?? number}\n`;
    if (capacity !== undefined) files[`${folder}/cpu_capacity`] = `${capacity}\n`;
    if (khz !== undefined) files[`${folder}/cpufreq/cpuinfo_max_freq`] = `${khz}\n`;
    if (midr !== undefined) files[`${folder}/regs/identification/midr_el1`] = `${midr}\n`;
  });
  return files;
}

export function armCpuinfo(features: string, parts: readonly string[], tail = ""): Files {
  const processors = parts.map((part, number) =>
    [
      `processor\t: ${number}`,
      "BogoMIPS\t: 108.00",
      `Features\t: ${features}`,
      "CPU implementer\t: 0x41",
      "CPU architecture: 8",
      "CPU variant\t: 0x0",
      `CPU part\t: ${part}`,
      "CPU revision\t: 4",
      "",
    ].join("\n"),
  );
  return { "/proc/cpuinfo": `${processors.join("\n")}\n${tail}` };
}

/** Returns /proc/cpuinfo of processors that state their core, two of each `cores`; without core ids if `cores` is 0. */
export function x86Cpuinfo(vendor: string, model: string, flags: string, count: number, cores = 0): Files {
  const processors = Array.from({ length: count }, (_, number) =>
    [
      `processor\t: ${number}`,
      `vendor_id\t: ${vendor}`,
      `model name\t: ${model}`,
      ...(cores === 0 ? [] : ["physical id\t: 0", `core id\t\t: ${number % cores}`]),
      `flags\t\t: ${flags}`,
      "bogomips\t: 5000.00",
      "",
    ].join("\n"),
  );
  return { "/proc/cpuinfo": `${processors.join("\n")}\n` };
}

export const deviceTree = (model: string, ...compatible: string[]): Files => ({
  "/proc/device-tree/model": `${model}\0`,
  "/proc/device-tree/compatible": `${compatible.join("\0")}\0`,
});

export function thermalZones(zones: Record<string, number | { errno: string }>): Files {
  const files: Files = {};
  Object.entries(zones).forEach(([type, temperature], index) => {
    const folder = `/sys/class/thermal/thermal_zone${index}`;
    files[`${folder}/type`] = `${type}\n`;
    files[`${folder}/temp`] = typeof temperature === "number" ? `${temperature}\n` : temperature;
  });
  return files;
}

export const cooling = (index: number, type: string, state: number): Files => ({
  [`/sys/class/thermal/cooling_device${index}/type`]: `${type}\n`,
  [`/sys/class/thermal/cooling_device${index}/cur_state`]: `${state}\n`,
});

/** Returns the maximum frequency of a kind of cores and its current limit. */
export const policy = (first: number, khz: number, cap: number): Files => ({
  [`${CPU}/cpufreq/policy${first}/cpuinfo_max_freq`]: `${khz}\n`,
  [`${CPU}/cpufreq/policy${first}/scaling_max_freq`]: `${cap}\n`,
});

export function cache(index: number, level: number, type: string, size: string, shared: string): Files {
  const folder = `${CPU}/cpu0/cache/index${index}`;
  return {
    [`${folder}/level`]: `${level}\n`,
    [`${folder}/type`]: `${type}\n`,
    [`${folder}/size`]: `${size}\n`,
    [`${folder}/shared_cpu_list`]: `${shared}\n`,
  };
}

/** Returns a root file system on a disk partition, and cgroups of version 2 without limits. */
export function rootOn(disk: string, partition: string, device: string, type = "ext4", options = "rw"): Files {
  return {
    "/proc/self/mountinfo": `22 1 ${device} / / ${options},relatime shared:1 - ${type} /dev/${partition} ${options}\n30 22 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n`,
    "/proc/self/cgroup": "0::/user.slice/user-1000.slice/session-1.scope\n",
    [`/sys/dev/block/${device}/uevent`]: `MAJOR=${device.split(":")[0]}\nMINOR=${device.split(":")[1]}\nDEVNAME=${partition}\nDEVTYPE=partition\n`,
    [`/sys/block/${disk}/queue/rotational`]: "0\n",
    "/sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory pids\n",
  };
}

export const card = (number: number, uevent: string, files: Record<string, string> = {}): Files => ({
  [`/sys/class/drm/card${number}/device/uevent`]: `${uevent}\n`,
  ...Object.fromEntries(
    Object.entries(files).map(([name, text]) => [`/sys/class/drm/card${number}/device/${name}`, `${text}\n`]),
  ),
});

/** Returns a GPU that shares the system's memory by default. */
export const gpu = (
  vendor: string,
  name: string | null,
  driver: string | null,
  rest: Partial<GpuDetails> = {},
): GpuDetails => ({
  vendor,
  name,
  driver,
  memory: "unified",
  memory_bytes: null,
  shared_memory_bytes: null,
  is_accessible: null,
  usable_by: [],
  ...rest,
});

/** Returns connected USB devices by vendor, product and version number. */
export const usbDevices = (...products: readonly string[]): Files =>
  Object.fromEntries(
    products.map((product, index) => [
      `/sys/bus/usb/devices/1-${index + 1}/uevent`,
      `DEVTYPE=usb_device\nPRODUCT=${product}\n`,
    ]),
  );

/** Returns a render node and whether this process may open it. */
export const renderNode = (card: number, node: number, isOpen: boolean): Files => ({
  [`/sys/class/drm/card${card}/device/drm/renderD${node}/`]: "",
  [`/dev/dri/renderD${node}`]: { errno: isOpen ? "ENOTSUP" : "EACCES" },
});

export const glibc: Files = { "/lib/ld-linux-aarch64.so.1": "" };
