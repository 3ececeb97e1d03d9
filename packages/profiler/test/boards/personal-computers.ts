import {
  allowed,
  type Board,
  cache,
  card,
  cooling,
  cores,
  gpu,
  kernel,
  meminfo,
  pageSize,
  renderNode,
  rootOn,
  swaps,
  thermalZones,
  x86Cpuinfo,
} from "./board.js";

const AVX2 = "fpu sse sse2 ssse3 sse4_1 sse4_2 avx f16c fma avx2 bmi1 bmi2";
const dmi = (vendor: string, product: string) => ({
  "/sys/class/dmi/id/sys_vendor": `${vendor}\n`,
  "/sys/class/dmi/id/product_name": `${product}\n`,
});
const supply = (name: string, files: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(files).map(([file, text]) => [`/sys/class/power_supply/${name}/${file}`, `${text}\n`]),
  );
const glibc = { "/lib64/ld-linux-x86-64.so.2": "" };

export const personalComputers: Board[] = [
  {
    name: "an Intel N100 box with placeholder names",
    machine: {
      cpuCount: 4,
      files: {
        ...meminfo(16_127_096, 15_000_000),
        ...swaps(),
        ...pageSize(4),
        ...allowed("0-3"),
        ...kernel("6.8.0-45-generic"),
        ...x86Cpuinfo("GenuineIntel", "Intel(R) N100", `${AVX2} avx_vnni`, 4),
        ...cores(Array.from({ length: 4 }, () => ({ khz: 3_400_000 }))),
        ...dmi("Default string", "To be filled by O.E.M."),
        ...thermalZones({ acpitz: 27_800, x86_pkg_temp: 44_000 }),
        ...cooling(0, "Processor", 0),
        "/sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_count": "17\n",
        ...card(0, "DRIVER=i915", { vendor: "0x8086" }),
        ...renderNode(0, 128, true),
        ...rootOn("sda", "sda2", "8:2"),
        ...glibc,
      },
    },
    facts: {
      "cpu.model": "Intel(R) N100",
      "cpu.features": ["sse4_2", "avx", "f16c", "fma", "avx2", "avx_vnni"],
      "accelerators.gpus": [gpu("intel", null, "i915", { is_accessible: true })],
      "board.model": undefined,
      "thermal.temperature_celsius": 44,
      "thermal.is_throttled": false,
      "thermal.was_throttled_since_boot": true,
      "storage.kind": "ssd",
      "system.virtual_machine": null,
    },
  },
  {
    name: "an Intel laptop with two kinds of cores, on battery power",
    machine: {
      cpuCount: 12,
      files: {
        ...meminfo(32_500_000, 21_000_000),
        ...swaps("/swap.img                               file\t\t8388604\t\t1024\t\t-2"),
        ...pageSize(4),
        ...allowed("0-11"),
        ...x86Cpuinfo("GenuineIntel", "12th Gen Intel(R) Core(TM) i5-1235U", `${AVX2} avx_vnni`, 12),
        ...cores([
          ...[0, 0, 2, 2].map((first) => ({ siblings: `${first}-${first + 1}`, khz: 4_400_000 })),
          ...[4, 5, 6, 7, 8, 9, 10, 11].map((number) => ({ siblings: String(number), khz: 3_300_000 })),
        ]),
        "/sys/devices/cpu_core/cpus": "0-3\n",
        "/sys/devices/cpu_atom/cpus": "4-11\n",
        ...dmi("LENOVO", "21CBCTO1WW"),
        ...thermalZones({ x86_pkg_temp: 71_000 }),
        ...cooling(0, "Processor", 2),
        ...supply("AC", { type: "Mains", online: "0" }),
        ...supply("BAT0", { type: "Battery", status: "Discharging", capacity: "57" }),
        ...supply("hidpp_battery_0", { type: "Battery", scope: "Device", status: "Discharging", capacity: "5" }),
        ...card(0, "DRIVER=i915", { vendor: "0x8086" }),
        "/sys/class/accel/accel0/device/uevent": "DRIVER=intel_vpu\n",
        ...rootOn("nvme0n1", "nvme0n1p3", "259:3"),
        ...glibc,
      },
    },
    facts: {
      "cpu.physical_cores": 10,
      "cpu.usable_cores": 12,
      "cpu.clusters": [
        { name: "performance core", cores: [0, 1, 2, 3], capacity: null, max_mhz: 4400 },
        { name: "efficiency core", cores: [4, 5, 6, 7, 8, 9, 10, 11], capacity: null, max_mhz: 3300 },
      ],
      "accelerators.npus": [{ name: "Intel NPU", usable_by: [] }],
      "board.model": "LENOVO 21CBCTO1WW",
      "thermal.is_throttled": true,
      "power.source": "battery",
      "power.battery_percent": 57,
    },
  },
  {
    name: "an AMD desktop with two threads per core and a graphics card",
    machine: {
      cpuCount: 16,
      files: {
        ...meminfo(32_768_000, 28_000_000),
        ...swaps(),
        ...pageSize(4),
        ...allowed("0-15"),
        ...x86Cpuinfo(
          "AuthenticAMD",
          "AMD Ryzen 7 7700X 8-Core Processor",
          `${AVX2} avx512f avx512bw avx512vl avx512_vnni`,
          16,
          8,
        ),
        ...cores(
          Array.from({ length: 16 }, (_, number) => ({
            siblings: `${number % 8},${(number % 8) + 8}`,
            khz: 5_400_000,
          })),
        ),
        ...cache(0, 1, "Data", "32K", "0,8"),
        ...cache(3, 3, "Unified", "32768K", "0-15"),
        ...dmi("ASUS", "System Product Name"),
        ...card(0, "DRIVER=amdgpu", {
          vendor: "0x1002",
          mem_info_vram_total: "17163091968",
          mem_info_gtt_total: "16777216000",
        }),
        ...rootOn("nvme0n1", "nvme0n1p2", "259:2"),
        "/dev/kfd": { errno: "ENOTSUP" },
        "/sys/class/hwmon/hwmon0/name": "nvme\n",
        "/sys/class/hwmon/hwmon0/temp1_input": "91850\n",
        "/sys/class/hwmon/hwmon1/name": "k10temp\n",
        "/sys/class/hwmon/hwmon1/temp1_input": "45500\n",
        ...glibc,
      },
    },
    facts: {
      "cpu.cores_online": 16,
      "cpu.physical_cores": 8,
      "cpu.features": ["sse4_2", "avx", "f16c", "fma", "avx2", "avx512f", "avx512bw", "avx512vl", "avx512_vnni"],
      "cpu.caches": [
        { level: 1, type: "data", size_bytes: 32_768, count: 8 },
        { level: 3, type: "unified", size_bytes: 33_554_432, count: 1 },
      ],
      "accelerators.gpus": [
        gpu("amd", null, "amdgpu", {
          memory: "dedicated",
          memory_bytes: 17_163_091_968,
          shared_memory_bytes: 16_777_216_000,
        }),
      ],
      "board.model": "ASUS",
      "thermal.temperature_celsius": 45.5,
      "cpu.is_emulated": false,
    },
  },
  {
    name: "a workstation with an Intel card and two NVIDIA cards, one of which this user may not open",
    machine: {
      cpuCount: 32,
      files: {
        ...meminfo(131_500_000, 120_000_000),
        ...allowed("0-31"),
        ...kernel("6.8.0-45-generic"),
        ...x86Cpuinfo("AuthenticAMD", "AMD Ryzen Threadripper PRO 5955WX 16-Cores", AVX2, 32),
        ...card(0, "DRIVER=nvidia\nPCI_SLOT_NAME=0000:01:00.0", { vendor: "0x10de" }),
        ...card(1, "DRIVER=nvidia\nPCI_SLOT_NAME=0000:41:00.0", { vendor: "0x10de" }),
        ...card(2, "DRIVER=xe\nPCI_SLOT_NAME=0000:81:00.0", { vendor: "0x8086" }),
        ...renderNode(2, 130, false),
        "/proc/driver/nvidia/gpus/0000:01:00.0/information":
          "Model: \t\t NVIDIA GeForce RTX 4090\nDevice Minor: \t 0\n",
        "/proc/driver/nvidia/gpus/0000:41:00.0/information": "Model: \t\t NVIDIA RTX A2000\nDevice Minor: \t 1\n",
        "/dev/nvidia0": { errno: "ENOTSUP" },
        "/dev/nvidia1": { errno: "EACCES" },
        ...rootOn("nvme0n1", "nvme0n1p2", "259:2"),
      },
    },
    facts: {
      "accelerators.gpus": [
        gpu("nvidia", "NVIDIA GeForce RTX 4090", "nvidia", { memory: "dedicated", is_accessible: true }),
        gpu("nvidia", "NVIDIA RTX A2000", "nvidia", { memory: "dedicated", is_accessible: false }),
        gpu("intel", null, "xe", { memory: "dedicated", is_accessible: false }),
      ],
      "system.kernel": "6.8.0-45-generic",
    },
  },
  {
    name: "a Mac with Apple silicon",
    machine: {
      platform: "darwin",
      machineType: "arm64",
      cpuCount: 10,
      totalMemoryBytes: 2 ** 34,
      availableMemoryBytes: 2 ** 33,
    },
    facts: {
      "memory.total_bytes": 2 ** 34,
      "memory.limit_bytes": undefined,
      "cpu.features": ["neon", "asimd", "asimdhp", "asimddp"],
      "cpu.usable_cores": 10,
      "accelerators.gpus": [gpu("apple", "Apple GPU", "metal")],
      "accelerators.npus": undefined,
      "storage.path": "/data/agent",
      "storage.kind": undefined,
    },
  },
  {
    name: "an AMD processor with integrated graphics, which mostly use system memory",
    machine: {
      cpuCount: 8,
      files: {
        ...meminfo(28_000_000, 20_000_000),
        ...card(0, "DRIVER=amdgpu", {
          vendor: "0x1002",
          mem_info_vram_total: "536870912",
          mem_info_gtt_total: "14336000000",
        }),
        "/sys/class/accel/accel0/device/uevent": "DRIVER=amdxdna\n",
      },
    },
    facts: {
      "accelerators.gpus": [
        gpu("amd", null, "amdgpu", { memory_bytes: 536_870_912, shared_memory_bytes: 14_336_000_000 }),
      ],
      "accelerators.npus": [{ name: "AMD XDNA", usable_by: [] }],
    },
  },
];
