import type { CoreCluster, CpuCache, DeviceDetails, Fact } from "@nanoagent/models";
import { certain, factOf, likely, unknown } from "../details/fact.js";
import { numberList } from "../details/number-list.js";
import { wholeNumber } from "../details/whole-number.js";
import type { Machine } from "../machine.js";
import { readOrNull } from "../read-or-null.js";
import { armCoreName, coreOfMidr } from "./arm-cores.js";
import { readUsableCores } from "./count-cores.js";
import { onlineCpus } from "./cpu-numbers.js";
import { readCpuFeatures } from "./read-cpu-features.js";

const CPU = "/sys/devices/system/cpu";
const MAX_CPUINFO_BYTES = 2 ** 20;
/** Most cores that are read, to limit the reads on servers. Further cores are assumed to be alike. */
const MAX_CORES_READ = 16;
/** Largest difference of capacity between cores of one kind, which depends on their position on the chip. */
const SAME_CAPACITY_SHARE = 0.05;
const MAX_CACHES = 8;

/** Reads the facts of the processor with their sources. Never rejects. */
export async function readCpuDetails(machine: Machine): Promise<DeviceDetails["cpu"]> {
  const cpuinfo = (await readOrNull(machine, "/proc/cpuinfo", MAX_CPUINFO_BYTES)) ?? "";
  const online = await onlineCpus(machine);
  const cores = online?.numbers ?? [];
  const clusters = await factOf(() => readClusters(machine, cores, cpuinfo));
  return {
    model: modelOf(cpuinfo, clusters),
    cores_online:
      online === null ? likely(machine.cpuCount, "the operating system") : certain(cores.length, online.source),
    usable_cores: await factOf(() => readUsableCores(machine)),
    physical_cores: await factOf(() => readPhysicalCores(machine, cores, cpuinfo)),
    clusters,
    features: await factOf(async () => {
      const features = await readCpuFeatures(machine);
      return features === null ? unknown("the system does not report it") : certain(features, "/proc/cpuinfo");
    }),
    caches: await factOf(() => readCaches(machine, cores)),
    is_emulated: emulationOf(machine, cpuinfo),
  };
}

/**
 * Matches the line with the model name: on x86, MIPS and RISC-V; LoongArch writes `Model Name`, POWER `cpu`, and s390x
 * numbers its processors (`processor 0: … machine = 3931`).
 */
const MODEL_NAME =
  /^(?:model name|Model Name|cpu model|uarch|cpu)[ \t]*:[ \t]*(\S.*)$|^processor \d+:.*\bmachine = (\w+)/m;

function modelOf(cpuinfo: string, clusters: Fact<CoreCluster[]>): Fact<string> {
  const name = MODEL_NAME.exec(cpuinfo)?.slice(1).find(Boolean)?.trim();
  // 64-bit ARM kernels state only the numbers of cores; 32-bit ones write the architecture here.
  if (name !== undefined && !/^ARMv\d/.test(name)) return certain(name, "/proc/cpuinfo");
  if ("value" in clusters && clusters.value.length > 0) {
    const names = clusters.value.map(({ name, cores }) => `${cores.length} × ${name}`);
    return likely(names.join(" + "), "core numbers");
  }
  return unknown("the system does not report it");
}

/**
 * Counts the cores by the processors that share each of them, as stated by the kernel. Core numbers repeat on the dies
 * of one package, so `/proc/cpuinfo` alone is not certain.
 */
async function readPhysicalCores(machine: Machine, cores: readonly number[], cpuinfo: string): Promise<Fact<number>> {
  if (cores.length === 0) return unknown("the cores are unknown");
  const folder = `${CPU}/cpu*/topology`;
  const covered = new Set<number>();
  let physical = 0;
  let reads = 0;
  for (const core of cores) {
    if (covered.has(core)) continue;
    if (reads++ === MAX_CORES_READ) break;
    const topology = `${CPU}/cpu${core}/topology`;
    const list =
      (await readOrNull(machine, `${topology}/thread_siblings_list`)) ??
      (await readOrNull(machine, `${topology}/core_cpus_list`));
    const siblings = list === null ? null : numberList(list.trim());
    if (siblings === null) {
      const told = coresInCpuinfo(cpuinfo, cores.length);
      return told === null ? unknown(`${topology} does not exist`) : likely(told, "/proc/cpuinfo core id");
    }
    // Offline processors do not count.
    for (const sibling of [core, ...siblings]) if (cores.includes(sibling)) covered.add(sibling);
    physical += 1;
  }
  if (covered.size === cores.length) return certain(physical, folder);
  return likely(Math.round((physical / covered.size) * cores.length), folder);
}

/** Counts the cores by core and package ids of x86; null if a processor does not state them. */
function coresInCpuinfo(cpuinfo: string, processors: number): number | null {
  const packages = [...cpuinfo.matchAll(/^physical id\s*: (\d+)$/gm)];
  const cores = [...cpuinfo.matchAll(/^core id\s*: (\d+)$/gm)];
  if (packages.length !== processors || cores.length !== processors) return null;
  return new Set(cores.map(([, core], index) => `${packages[index]?.[1]}:${core}`)).size;
}

interface Core {
  name: string;
  capacity: number | null;
}

/** Groups the cores by kind: by name first, then by capacity. */
async function readClusters(machine: Machine, cores: readonly number[], cpuinfo: string): Promise<Fact<CoreCluster[]>> {
  if (cores.length === 0) return unknown("the cores are unknown");
  const kinds = isArm(machine) ? armParts(cpuinfo) : await readHybridKinds(machine, cpuinfo);
  const clusters: CoreCluster[] = [];
  for (const number of cores.slice(0, MAX_CORES_READ)) {
    const core = await readCore(machine, number, kinds.get(number) ?? null);
    const like = clusters.find((cluster) => isLike(cluster, core));
    if (like !== undefined) like.cores.push(number);
    else clusters.push({ ...core, cores: [number], max_mhz: await readMaxMhz(machine, number) });
  }
  for (const number of cores.slice(MAX_CORES_READ)) {
    const like = clusters.find(({ name }) => name === kinds.get(number)) ?? clusters.at(-1);
    like?.cores.push(number);
  }
  clusters.sort((one, other) => speedOf(other) - speedOf(one));
  return likely(clusters, `${CPU}/cpu*`);
}

async function readCore(machine: Machine, number: number, kind: string | null): Promise<Core> {
  // Only ARM states capacities; Intel lists its two kinds separately.
  if (!isArm(machine)) return { name: kind ?? "core", capacity: null };
  const capacity = positive(await readOrNull(machine, `${CPU}/cpu${number}/cpu_capacity`));
  if (kind !== null) return { name: kind, capacity };
  const midr = await readOrNull(machine, `${CPU}/cpu${number}/regs/identification/midr_el1`);
  return { name: coreOfMidr(midr?.trim() ?? "") ?? "core", capacity };
}

async function readMaxMhz(machine: Machine, number: number): Promise<number | null> {
  const kilohertz = positive(await readOrNull(machine, `${CPU}/cpu${number}/cpufreq/cpuinfo_max_freq`));
  return kilohertz === null ? null : Math.round(kilohertz / 1000);
}

function isLike(cluster: CoreCluster, core: Core): boolean {
  if (cluster.name !== core.name) return false;
  if (cluster.capacity === null || core.capacity === null) return cluster.capacity === core.capacity;
  return Math.abs(cluster.capacity - core.capacity) <= SAME_CAPACITY_SHARE * Math.max(cluster.capacity, core.capacity);
}

function speedOf({ capacity, max_mhz }: CoreCluster): number {
  return capacity ?? max_mhz ?? 0;
}

/** Reads the two kinds of Intel cores, which are listed separately. */
async function readHybridKinds(machine: Machine, cpuinfo: string): Promise<Map<number, string>> {
  const kinds = new Map<number, string>();
  if (!cpuinfo.includes("GenuineIntel")) return kinds;
  for (const [file, name] of [
    ["/sys/devices/cpu_core/cpus", "performance core"],
    ["/sys/devices/cpu_atom/cpus", "efficiency core"],
  ] as const) {
    const list = await readOrNull(machine, file);
    for (const number of (list === null ? null : numberList(list)) ?? []) kinds.set(number, name);
  }
  return kinds;
}

/** Reads `CPU implementer` and `CPU part` of each processor from /proc/cpuinfo. */
function armParts(cpuinfo: string): Map<number, string> {
  const parts = new Map<number, string>();
  let processor = 0;
  let implementer = "";
  for (const line of cpuinfo.split("\n")) {
    const [key = "", value = ""] = line.split(/\s*:\s*/, 2);
    if (key === "processor") processor = Number(value);
    if (key === "CPU implementer") implementer = value;
    if (key === "CPU part" && /^0x[0-9a-f]{1,4}$/i.test(value)) parts.set(processor, armCoreName(implementer, value));
  }
  return parts;
}

async function readCaches(machine: Machine, cores: readonly number[]): Promise<Fact<CpuCache[]>> {
  const [first] = cores;
  if (first === undefined) return unknown("the cores are unknown");
  const folder = `${CPU}/cpu${first}/cache`;
  const names = (await machine.listDirectory(folder)).filter((name) => /^index\d$/.test(name)).slice(0, MAX_CACHES);
  const caches: CpuCache[] = [];
  for (const name of names) {
    const read = (file: string) => readOrNull(machine, `${folder}/${name}/${file}`);
    const size = /^(\d{1,9})K$/.exec((await read("size"))?.trim() ?? "")?.[1];
    const level = positive(await read("level"));
    const sharers = numberList((await read("shared_cpu_list")) ?? "")?.length ?? 1;
    if (size === undefined || level === null) continue;
    caches.push({
      level,
      type: ((await read("type")) ?? "").trim().toLowerCase() || "unified",
      size_bytes: Number(size) * 1024,
      count: Math.max(1, Math.round(cores.length / sharers)),
    });
  }
  return caches.length === 0 ? unknown(`${folder} has no sizes`) : likely(caches, folder);
}

/** Detects an emulator, which shows the processor of its host: an ARM program then sees an x86 processor. */
function emulationOf(machine: Machine, cpuinfo: string): Fact<boolean> {
  if (cpuinfo === "") return unknown("/proc/cpuinfo does not exist");
  return likely(isArm(machine) && /^(vendor_id|flags)\s*:/m.test(cpuinfo), "/proc/cpuinfo");
}

function isArm({ machineType }: Machine): boolean {
  return /^(aarch64|arm)/.test(machineType);
}

function positive(text: string | null): number | null {
  return wholeNumber(text) || null;
}
