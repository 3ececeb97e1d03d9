import type { DeviceDetails, Fact, GpuDetails, NpuDetails } from "@nanoagent/models";
import { certain, factOf, likely, unknown } from "../details/fact.js";
import { wholeNumber } from "../details/whole-number.js";
import { isLinux } from "../is-linux.js";
import type { Machine } from "../machine.js";
import { readOrNull } from "../read-or-null.js";

const MOST_DEVICES = 4;

const PCI_VENDORS: Readonly<Record<string, string>> = {
  "0x10de": "nvidia",
  "0x1002": "amd",
  "0x8086": "intel",
};

/** Drivers of graphics that share the system's memory, by the names that the kernel gives them. */
const SHARED_DRIVERS: Readonly<Record<string, readonly [vendor: string, name: string]>> = {
  v3d: ["broadcom", "VideoCore"],
  "vc4-drm": ["broadcom", "VideoCore"],
  panfrost: ["arm", "Mali"],
  panthor: ["arm", "Mali"],
  lima: ["arm", "Mali"],
  msm: ["qualcomm", "Adreno"],
  etnaviv: ["vivante", "Vivante"],
  powervr: ["imagination", "PowerVR"],
  nvgpu: ["nvidia", "Tegra"],
};

/** Drivers of neural processors. */
const NPU_DRIVERS: Readonly<Record<string, string>> = {
  intel_vpu: "Intel NPU",
  amdxdna: "AMD XDNA",
  rocket: "Rockchip NPU",
  qaic: "Qualcomm Cloud AI",
};

/** Device files that neural processors have. */
const NPU_DEVICES: readonly (readonly [path: string, name: string])[] = [
  ["/dev/hailo0", "Hailo"],
  ["/dev/apex_0", "Google Coral"],
  ["/sys/class/devfreq/fdab0000.npu", "Rockchip RK3588 NPU"],
  ["/dev/galcore", "NXP NPU"],
  ["/dev/ethosu0", "Arm Ethos-U"],
];

/** GPUs and neural processors, as far as the system shows them without a vendor's tool. Never rejects. */
export async function readAcceleratorDetails(machine: Machine): Promise<DeviceDetails["accelerators"]> {
  return { gpus: await factOf(() => readGpus(machine)), npus: await factOf(() => readNpus(machine)) };
}

async function readGpus(machine: Machine): Promise<Fact<GpuDetails[]>> {
  if (machine.platform === "darwin" && machine.machineType === "arm64") {
    return certain([unified("apple", "Apple GPU", "metal")], "Apple silicon");
  }
  if (!isLinux(machine)) return unknown("read on Linux and macOS only");
  const gpus = [...(await readCards(machine)), ...(await readNvidia(machine)), ...(await readVendorMali(machine))];
  const unique = gpus.filter(
    (gpu, index) => gpus.findIndex(({ vendor, memory }) => vendor === gpu.vendor && memory === gpu.memory) === index,
  );
  const source = "/sys/class/drm, /proc/driver and /dev";
  return unique.length === 0 ? likely([], source) : certain(unique, source);
}

async function readCards(machine: Machine): Promise<GpuDetails[]> {
  const names = await machine.listDirectory("/sys/class/drm").catch(() => [] as string[]);
  const gpus: GpuDetails[] = [];
  for (const card of names.filter((name) => /^card\d+$/.test(name)).slice(0, MOST_DEVICES)) {
    const folder = `/sys/class/drm/${card}/device`;
    const driver = /^DRIVER=(\S+)$/m.exec((await readOrNull(machine, `${folder}/uevent`)) ?? "")?.[1] ?? null;
    const shared = driver === null ? undefined : SHARED_DRIVERS[driver];
    if (shared !== undefined) {
      gpus.push(unified(shared[0], shared[1], driver));
      continue;
    }
    const vendor = PCI_VENDORS[(await readOrNull(machine, `${folder}/vendor`))?.trim().toLowerCase() ?? ""];
    if (vendor === undefined) continue;
    const videoBytes = wholeNumber(await readOrNull(machine, `${folder}/mem_info_vram_total`)) ?? 0;
    const gttBytes = wholeNumber(await readOrNull(machine, `${folder}/mem_info_gtt_total`)) ?? 0;
    // Graphics inside a processor have a small part carved out for them, and more that they share.
    const isUnified = vendor === "intel" || (vendor === "amd" && gttBytes > videoBytes);
    gpus.push({
      vendor,
      name: null,
      driver,
      memory: isUnified ? "unified" : "dedicated",
      memory_bytes: isUnified || videoBytes === 0 ? null : videoBytes,
      is_accessible: await isAccessible(machine, card),
    });
  }
  return gpus;
}

/** Programs compute through the render nodes, which are numbered from 128 on. */
async function isAccessible(machine: Machine, card: string): Promise<boolean | null> {
  const node = `/dev/dri/renderD${128 + Number(card.slice(4))}`;
  return (await machine.exists(node)) ? true : null;
}

async function readNvidia(machine: Machine): Promise<GpuDetails[]> {
  const isTegra = ((await readOrNull(machine, "/proc/device-tree/compatible")) ?? "").includes("nvidia,tegra");
  if (isTegra && (await machine.exists("/dev/nvhost-gpu"))) return [unified("nvidia", "Tegra", "nvgpu")];
  const folder = "/proc/driver/nvidia/gpus";
  const addresses = (await machine.listDirectory(folder).catch(() => [] as string[])).slice(0, MOST_DEVICES);
  const gpus: GpuDetails[] = [];
  for (const address of addresses) {
    const text = (await readOrNull(machine, `${folder}/${address}/information`)) ?? "";
    const name = /^Model:\s*(.+)$/m.exec(text)?.[1]?.trim() ?? null;
    const is_accessible = await machine.exists("/dev/nvidia0");
    gpus.push({ vendor: "nvidia", name, driver: "nvidia", memory: "dedicated", memory_bytes: null, is_accessible });
  }
  return gpus;
}

/** The driver that makers of phones and boards ship beside the kernel's own. */
async function readVendorMali(machine: Machine): Promise<GpuDetails[]> {
  const text = (await readOrNull(machine, "/sys/class/misc/mali0/device/gpuinfo"))?.trim() ?? "";
  const name = /^(Mali-\S+)/.exec(text)?.[1];
  return name === undefined ? [] : [unified("arm", name, "mali")];
}

function unified(vendor: string, name: string | null, driver: string | null): GpuDetails {
  return { vendor, name, driver, memory: "unified", memory_bytes: null, is_accessible: null };
}

async function readNpus(machine: Machine): Promise<Fact<NpuDetails[]>> {
  if (!isLinux(machine)) return unknown("read on Linux only");
  const names: string[] = [];
  for (const entry of (await machine.listDirectory("/sys/class/accel").catch(() => [] as string[])).slice(
    0,
    MOST_DEVICES,
  )) {
    const uevent = (await readOrNull(machine, `/sys/class/accel/${entry}/device/uevent`)) ?? "";
    const driver = /^DRIVER=(\S+)$/m.exec(uevent)?.[1] ?? "unknown";
    names.push(NPU_DRIVERS[driver] ?? `accelerator (${driver})`);
  }
  for (const [path, name] of NPU_DEVICES) if (await machine.exists(path)) names.push(name);
  const npus = [...new Set(names)].map((name) => ({ name, usable_by: [] }));
  return npus.length === 0 ? likely([], "no sign of one") : certain(npus, "/sys/class/accel and /dev");
}
