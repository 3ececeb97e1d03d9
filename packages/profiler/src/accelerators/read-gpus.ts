import type { Fact, GpuDetails } from "@nanoagent/models";
import { certain, likely, unknown } from "../details/fact.js";
import { wholeNumber } from "../details/whole-number.js";
import { isLinux } from "../is-linux.js";
import type { Machine } from "../machine.js";
import { readOrNull } from "../read-or-null.js";

const MAX_DEVICES = 4;

const PCI_VENDORS: ReadonlyMap<string, string> = new Map([
  ["0x10de", "nvidia"],
  ["0x1002", "amd"],
  ["0x8086", "intel"],
]);

/** PCI address of Intel's integrated graphics. */
const INTEL_INSIDE = "0000:00:02.0";

/** Vendor and name of graphics that share the system's memory, by kernel driver. */
const SHARED_DRIVERS: ReadonlyMap<string, readonly [vendor: string, name: string]> = new Map([
  ["v3d", ["broadcom", "VideoCore"]],
  ["vc4-drm", ["broadcom", "VideoCore"]],
  ["panfrost", ["arm", "Mali"]],
  ["panthor", ["arm", "Mali"]],
  ["lima", ["arm", "Mali"]],
  ["msm", ["qualcomm", "Adreno"]],
  ["etnaviv", ["vivante", "Vivante"]],
  ["powervr", ["imagination", "PowerVR"]],
  ["nvgpu", ["nvidia", "Tegra"]],
]);

/** A GPU and its PCI address, which identifies a GPU that is found in two ways; null without an address. */
interface FoundGpu {
  address: string | null;
  gpu: GpuDetails;
}

/** Reads the GPUs that the system shows without vendor tools. */
export async function readGpus(machine: Machine): Promise<Fact<GpuDetails[]>> {
  if (machine.platform === "darwin" && machine.machineType === "arm64") {
    return certain([unified("apple", "Apple GPU", "metal")], "Apple silicon");
  }
  if (!isLinux(machine)) return unknown("only read on Linux and macOS");
  const found: FoundGpu[] = [];
  for (const one of [
    ...(await readCards(machine)),
    ...(await readNvidia(machine)),
    ...(await readVendorMali(machine)),
    ...(await readAdreno(machine)),
  ]) {
    const same = found.find((other) => isSame(one, other));
    if (same === undefined) found.push(one);
    else same.gpu = merged(same.gpu, one.gpu);
  }
  const source = "/sys/class/drm, /proc/driver and /dev";
  const gpus = found.map(({ gpu }) => gpu);
  return gpus.length === 0 ? likely([], source) : certain(gpus, source);
}

function isSame(one: FoundGpu, other: FoundGpu): boolean {
  if (one.address !== null && other.address !== null) return one.address === other.address;
  return one.gpu.vendor === other.gpu.vendor && one.gpu.memory === other.gpu.memory;
}

/** Merges two findings of the same GPU. The later one comes from the driver and takes precedence. */
function merged(before: GpuDetails, after: GpuDetails): GpuDetails {
  return {
    ...before,
    name: after.name ?? before.name,
    memory: after.memory,
    memory_bytes: after.memory_bytes ?? before.memory_bytes,
    is_accessible: after.is_accessible ?? before.is_accessible,
  };
}

async function readCards(machine: Machine): Promise<FoundGpu[]> {
  const names = await machine.listDirectory("/sys/class/drm").catch(() => [] as string[]);
  const found: FoundGpu[] = [];
  for (const card of names.filter((name) => /^card\d+$/.test(name)).slice(0, MAX_DEVICES)) {
    const folder = `/sys/class/drm/${card}/device`;
    const uevent = (await readOrNull(machine, `${folder}/uevent`)) ?? "";
    const driver = /^DRIVER=(\S+)$/m.exec(uevent)?.[1] ?? null;
    const address = /^PCI_SLOT_NAME=(\S+)$/m.exec(uevent)?.[1]?.toLowerCase() ?? null;
    const shared = driver === null ? undefined : SHARED_DRIVERS.get(driver);
    const gpu =
      shared === undefined
        ? await readPciCard(machine, folder, driver, address)
        : unified(shared[0], shared[1], driver);
    if (gpu === null) continue;
    found.push({ address, gpu: { ...gpu, is_accessible: await isAccessible(machine, folder) } });
  }
  return found;
}

async function readPciCard(
  machine: Machine,
  folder: string,
  driver: string | null,
  address: string | null,
): Promise<GpuDetails | null> {
  const vendor = PCI_VENDORS.get((await readOrNull(machine, `${folder}/vendor`))?.trim().toLowerCase() ?? "");
  if (vendor === undefined) return null;
  const gpu: GpuDetails = { ...unified(vendor, null, driver), memory: "dedicated" };
  if (vendor === "intel")
    return { ...gpu, memory: address === null || address === INTEL_INSIDE ? "unified" : "dedicated" };
  if (vendor !== "amd") return gpu;
  const memory_bytes = wholeNumber(await readOrNull(machine, `${folder}/mem_info_vram_total`)) || null;
  const shared_memory_bytes = wholeNumber(await readOrNull(machine, `${folder}/mem_info_gtt_total`)) || null;
  // Integrated graphics have a small reserved part of memory, and share more.
  const isInside = (shared_memory_bytes ?? 0) > (memory_bytes ?? 0);
  return { ...gpu, memory: isInside ? "unified" : "dedicated", memory_bytes, shared_memory_bytes };
}

/** Whether this process may open the render node of a GPU, which programs use for computing. */
async function isAccessible(machine: Machine, folder: string): Promise<boolean | null> {
  const nodes = await machine.listDirectory(`${folder}/drm`).catch(() => [] as string[]);
  const node = nodes.find((name) => /^renderD\d+$/.test(name));
  return node === undefined ? null : machine.mayOpen(`/dev/dri/${node}`);
}

async function readNvidia(machine: Machine): Promise<FoundGpu[]> {
  const isTegra = ((await readOrNull(machine, "/proc/device-tree/compatible")) ?? "").includes("nvidia,tegra");
  if (isTegra && (await machine.exists("/dev/nvhost-gpu"))) {
    const is_accessible = await machine.mayOpen("/dev/nvhost-gpu");
    return [{ address: null, gpu: { ...unified("nvidia", "Tegra", "nvgpu"), is_accessible } }];
  }
  const folder = "/proc/driver/nvidia/gpus";
  const addresses = (await machine.listDirectory(folder).catch(() => [] as string[])).slice(0, MAX_DEVICES);
  const found: FoundGpu[] = [];
  for (const address of addresses) {
    const text = (await readOrNull(machine, `${folder}/${address}/information`)) ?? "";
    const name = /^Model:\s*(.+)$/m.exec(text)?.[1]?.trim() ?? null;
    const number = /^Device Minor:\s*(\d{1,3})$/m.exec(text)?.[1] ?? "0";
    // A container may see the card without having its device file.
    const is_accessible = (await machine.mayOpen(`/dev/nvidia${number}`)) ?? false;
    const memory = /\bGB10\b/.test(name ?? "") ? "unified" : "dedicated";
    found.push({
      address: address.toLowerCase(),
      gpu: { ...unified("nvidia", name, "nvidia"), memory, is_accessible },
    });
  }
  return found;
}

/** Reads a Mali GPU with the vendor driver, which phones and boards use instead of the kernel's driver. */
async function readVendorMali(machine: Machine): Promise<FoundGpu[]> {
  if (!/^(aarch64|arm)/.test(machine.machineType)) return [];
  const text = (await readOrNull(machine, "/sys/class/misc/mali0/device/gpuinfo"))?.trim() ?? "";
  const name = /^(Mali-\S+)/.exec(text)?.[1];
  if (name === undefined) return [];
  return [
    { address: null, gpu: { ...unified("arm", name, "mali"), is_accessible: await machine.mayOpen("/dev/mali0") } },
  ];
}

/** Reads an Adreno GPU of a phone. Most phones deny access to it. */
async function readAdreno(machine: Machine): Promise<FoundGpu[]> {
  if (machine.platform !== "android") return [];
  const name = (await readOrNull(machine, "/sys/class/kgsl/kgsl-3d0/gpu_model"))?.trim() ?? "";
  return /^Adreno/.test(name) ? [{ address: null, gpu: unified("qualcomm", name, "kgsl") }] : [];
}

function unified(vendor: string, name: string | null, driver: string | null): GpuDetails {
  return {
    vendor,
    name,
    driver,
    memory: "unified",
    memory_bytes: null,
    shared_memory_bytes: null,
    is_accessible: null,
    usable_by: [],
  };
}
