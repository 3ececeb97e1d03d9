import type { DeviceDetails, Fact } from "@nanoagent/models";
import { certain, factOf, likely, unknown } from "../details/fact.js";
import { wholeNumber } from "../details/whole-number.js";
import { isLinux } from "../is-linux.js";
import type { Machine } from "../machine.js";
import { DeviceMemoryProbe } from "./device-memory-probe.js";
import { kibFields } from "./kib-fields.js";
import { readMemory } from "./read-memory.js";

/** Default page size of almost all systems, if no file states it. */
const PAGE_SIZE_BYTES = 4096;
const MAX_ZRAM_DEVICES = 4;

/** Reads the facts of the memory with their sources. Never rejects. */
export async function readMemoryDetails(machine: Machine): Promise<DeviceDetails["memory"]> {
  const { totalBytes, availableBytes } = await readMemory(machine);
  const source = isLinux(machine) ? "/proc/meminfo" : "the operating system";
  const probe = await new DeviceMemoryProbe({ machine }).read();
  return {
    total_bytes: totalBytes === null ? unknown("the system does not report it") : certain(totalBytes, source),
    available_bytes:
      availableBytes === null
        ? unknown("the system does not report it")
        : probe.limit_bytes === null
          ? certain(availableBytes, source)
          : likely(probe.available_bytes, `${source} and ${probe.limit_source}`),
    limit_bytes: isLinux(machine)
      ? limitOf(probe.limit_bytes, probe.limit_source)
      : unknown("limits are only read on Linux"),
    swap_bytes: await factOf(() => readSwap(machine)),
    zram_bytes: await factOf(() => readZram(machine)),
    page_size_bytes: await factOf(() => readPageSize(machine)),
  };
}

function limitOf(limitBytes: number | null, source: string | null): Fact<number | null> {
  if (limitBytes === null && source !== null) return unknown(source);
  return certain(limitBytes, source ?? "cgroups");
}

async function readSwap(machine: Machine): Promise<Fact<number>> {
  const lines = (await machine.readText("/proc/swaps")).trim().split("\n").slice(1);
  const sizes = lines.map((line) => Number(line.trim().split(/\s+/).at(-3)) * 1024);
  if (!sizes.every((size) => Number.isSafeInteger(size) && size >= 0)) return unknown("/proc/swaps: no sizes");
  const total = sizes.reduce((sum, size) => sum + size, 0);
  return Number.isSafeInteger(total) ? certain(total, "/proc/swaps") : unknown("/proc/swaps: no sizes");
}

/** Reads the size of compressed memory used as swap. A device of size 0 is not in use. */
async function readZram(machine: Machine): Promise<Fact<number>> {
  const names = (await machine.listDirectory("/sys/block")).filter((name) => /^zram\d+$/.test(name));
  let total = 0;
  for (const name of names.slice(0, MAX_ZRAM_DEVICES)) {
    const path = `/sys/block/${name}/disksize`;
    const bytes = wholeNumber(await machine.readText(path));
    if (bytes === null) return unknown(`${path} is not a number`);
    total += bytes;
  }
  return certain(total, "/sys/block/zram*/disksize");
}

async function readPageSize(machine: Machine): Promise<Fact<number>> {
  if (!isLinux(machine)) return unknown("only read on Linux");
  const kibibytes = kibFields(await machine.readText("/proc/self/smaps", 4096)).get("KernelPageSize");
  return kibibytes === undefined
    ? likely(PAGE_SIZE_BYTES, "default of most systems")
    : certain(kibibytes, "/proc/self/smaps");
}
