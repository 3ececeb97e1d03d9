import type { KeyTexts } from "./key-texts.js";

/** Texts of one kind of fact. */
function factTexts(id: string, value: string): KeyTexts {
  return {
    [`${id}Fact.value`]: value,
    [`${id}Fact.source`]: "Where the value was read, such as `/proc/meminfo`. `declared`: a person stated it.",
    [`${id}Fact.confidence`]:
      "`certain`: reported by the system. `likely`: derived from other facts. `declared`: stated by a person.",
    [`${id}Fact.error`]: "Why the value is unknown.",
  };
}

const memory: KeyTexts = {
  "DeviceDetails.memory": "Memory of the device, and limits on it.",
  "DeviceDetails.memory.total_bytes": "Installed RAM that the system can use, in bytes.",
  "DeviceDetails.memory.available_bytes": "RAM that is available without swapping, in bytes.",
  "DeviceDetails.memory.limit_bytes":
    "Tightest memory limit on this process, such as a cgroup's, in bytes. Null: no limit.",
  "DeviceDetails.memory.swap_bytes": "Swap space, in bytes.",
  "DeviceDetails.memory.zram_bytes":
    "Compressed RAM that serves as swap, in bytes. Model weights do not compress, so it does not make room for them.",
  "DeviceDetails.memory.page_size_bytes": {
    description: "Size of a memory page, in bytes.",
    examples: [{ value: 4096 }],
  },
};

const cpu: KeyTexts = {
  "DeviceDetails.cpu": "Processor of the device.",
  "DeviceDetails.cpu.model": { description: "Name of the processor.", examples: [{ value: "Cortex-A76" }] },
  "DeviceDetails.cpu.cores_online": "Number of logical CPUs that are online.",
  "DeviceDetails.cpu.usable_cores":
    "Cores that this process may use. Affinity and cpusets count whole cores; a CPU quota can be a fraction.",
  "DeviceDetails.cpu.physical_cores": "Number of physical cores, without SMT siblings.",
  "DeviceDetails.cpu.clusters": "Groups of equal cores, the fastest group first.",
  "DeviceDetails.cpu.features": {
    description: "CPU features, as in /proc/cpuinfo.",
    examples: [{ value: ["asimddp"] }],
  },
  "DeviceDetails.cpu.caches": "Processor caches.",
  "DeviceDetails.cpu.is_emulated": "Whether the processor is emulated in software.",
};

const rest: KeyTexts = {
  "DeviceDetails.accelerators": "GPUs and NPUs. No engine uses them yet.",
  "DeviceDetails.accelerators.gpus": "Graphics processors.",
  "DeviceDetails.accelerators.npus": "Neural processors.",
  "DeviceDetails.board": "Board that the device is built on.",
  "DeviceDetails.board.model": { description: "Name of the board.", examples: [{ value: "Raspberry Pi 5 Model B" }] },
  "DeviceDetails.board.soc": { description: "Name of the system on a chip.", examples: [{ value: "bcm2712" }] },
  "DeviceDetails.system": "Operating system and its environment.",
  "DeviceDetails.system.kernel": "Kernel release.",
  "DeviceDetails.system.libc": "C library: `glibc` or `musl`.",
  "DeviceDetails.system.container":
    "Kind of container, such as `docker`, `kubernetes` or `lxc`. Null: not in a container.",
  "DeviceDetails.system.virtual_machine":
    "Kind of virtual machine, such as `qemu`, `vmware` or `wsl`. Null: not in a virtual machine.",
  "DeviceDetails.thermal": "Temperature and throttling.",
  "DeviceDetails.thermal.temperature_celsius": "Temperature of the processor, in degrees Celsius.",
  "DeviceDetails.thermal.is_throttled": "Whether the processor is slowed down now.",
  "DeviceDetails.thermal.was_throttled_since_boot": "Whether the processor was slowed down since the device started.",
  "DeviceDetails.power": "Power supply of the device.",
  "DeviceDetails.power.source": "`mains` or `battery`.",
  "DeviceDetails.power.battery_percent": "Charge of the battery, in percent.",
  "DeviceDetails.power.is_undervolted": "Whether the supply voltage is too low now.",
  "DeviceDetails.storage": "Storage that holds the agent's data.",
  "DeviceDetails.storage.path": "Folder that these facts are about.",
  "DeviceDetails.storage.kind": {
    description: "Kind of storage.",
    examples: [{ value: "sd-card" }, { value: "nvme" }],
  },
  "DeviceDetails.storage.free_bytes": "Free space, in bytes.",
  "DeviceDetails.storage.is_read_only": "Whether the file system is mounted read-only.",
  "DeviceDetails.storage.is_volatile": "Whether files are lost at a restart.",
  "DeviceDetails.storage.wear_percent":
    "Used part of the flash memory's rated lifetime, in percent, as the device reports it.",
};

const clusters: KeyTexts = {
  "ClustersFact.value[].name": "Kind of core: `Cortex-A76`, or the system's number for it.",
  "ClustersFact.value[].cores": { description: "Numbers of the cores.", examples: [[0, 1, 2, 3]] },
  "ClustersFact.value[].capacity": "Speed relative to the fastest core, which has 1024. Null: unknown.",
  "ClustersFact.value[].max_mhz": "Highest clock frequency, in MHz. Null: unknown.",
};

const caches: KeyTexts = {
  "CachesFact.value[].level": "Cache level: 1, 2 or 3.",
  "CachesFact.value[].type": "`data`, `instruction` or `unified`.",
  "CachesFact.value[].size_bytes": "Size of one cache, in bytes.",
  "CachesFact.value[].count": "Number of caches of this kind.",
};

const gpus: KeyTexts = {
  "GpusFact.value[].vendor": { description: "Manufacturer of the GPU.", examples: ["nvidia"] },
  "GpusFact.value[].name": "Model name. Null: unknown.",
  "GpusFact.value[].driver": "Kernel driver. Null: unknown.",
  "GpusFact.value[].memory": "`unified`: the GPU uses the system's RAM. `dedicated`: it has its own.",
  "GpusFact.value[].memory_bytes":
    "Memory of the GPU, in bytes: all of a dedicated GPU's, or the part of RAM that is reserved at boot. Null: none " +
    "or unknown.",
  "GpusFact.value[].shared_memory_bytes": "System RAM that the GPU may use, in bytes, where its driver sets a limit.",
  "GpusFact.value[].is_accessible": "Whether this process may open the GPU's device file. Null: unknown.",
  "GpusFact.value[].usable_by": "Engines that can use the GPU.",
};

/** Texts of the definitions that a device's details consist of. */
export const deviceDetailsTexts: KeyTexts = {
  ...memory,
  ...cpu,
  ...rest,
  ...factTexts("Bytes", "Amount, in bytes."),
  ...factTexts("BytesOrNone", "Amount, in bytes. Null: there is no limit."),
  ...factTexts("Flag", "True or false."),
  ...factTexts("Text", "The text."),
  ...factTexts("TextOrNone", "The name. Null: does not apply."),
  ...factTexts("Texts", "List of names."),
  ...factTexts("Count", "The number."),
  ...factTexts("Cores", "Number of cores; it can be a fraction."),
  ...factTexts("Percent", "Share, in percent."),
  ...factTexts("Temperature", "Temperature, in degrees Celsius."),
  ...factTexts("PowerSource", "`mains` or `battery`."),
  ...factTexts("Clusters", "Groups of equal cores, the fastest group first."),
  ...clusters,
  ...factTexts("Caches", "Caches of the processor."),
  ...caches,
  ...factTexts("Gpus", "List of GPUs."),
  ...gpus,
  ...factTexts("Npus", "List of NPUs."),
  "NpusFact.value[].name": "Model name of the NPU.",
  "NpusFact.value[].usable_by": "Engines that can use the NPU.",
};
