import { allowed, type Board, kernel, meminfo, pageSize, swaps, x86Cpuinfo } from "./board.js";

const MIB = 2 ** 20;
const AVX2 = "fpu sse sse2 ssse3 sse4_1 sse4_2 avx f16c fma avx2";
const xeon = x86Cpuinfo(
  "GenuineIntel",
  "Intel(R) Xeon(R) Platinum 8370C CPU @ 2.80GHz",
  `${AVX2} avx512f avx512bw avx512vl avx512_vnni hypervisor`,
  8,
);
const host = {
  ...meminfo(32_700_000, 30_000_000),
  ...swaps(),
  ...pageSize(4),
  ...xeon,
  "/sys/devices/system/cpu/online": "0-7\n",
};
const POD =
  "/kubepods/burstable/pod8d1c2f66-2f0d-4a67-9d3f-5f0b2f7f2f11/8d1c0000000000000000000000000000000000000000000000000000000000ff";

const stat = (inactiveFile: number) => `anon ${20 * MIB}\nfile ${inactiveFile}\ninactive_file ${inactiveFile}\n`;

export const containers: Board[] = [
  {
    name: "Docker, with the limit on the parent group",
    machine: {
      cpuCount: 8,
      files: {
        ...host,
        ...allowed("0-7"),
        "/proc/self/cgroup": "0::/edge.slice/docker-8d1c.scope\n",
        "/proc/self/mountinfo": [
          "500 400 0:100 / / rw,relatime master:1 - overlay overlay rw,lowerdir=/a,upperdir=/b",
          "510 500 0:26 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw",
          "",
        ].join("\n"),
        "/.dockerenv": "",
        "/sys/fs/cgroup/cgroup.controllers": "cpu memory\n",
        "/sys/fs/cgroup/edge.slice/memory.max": `${256 * MIB}\n`,
        "/sys/fs/cgroup/edge.slice/memory.high": "max\n",
        "/sys/fs/cgroup/edge.slice/memory.current": `${200 * MIB}\n`,
        "/sys/fs/cgroup/edge.slice/memory.stat": stat(150 * MIB),
        "/sys/fs/cgroup/edge.slice/cpu.max": "150000 100000\n",
        "/sys/fs/cgroup/edge.slice/docker-8d1c.scope/memory.max": "max\n",
        "/sys/fs/cgroup/edge.slice/docker-8d1c.scope/memory.high": "max\n",
        "/sys/fs/cgroup/edge.slice/docker-8d1c.scope/memory.current": `${180 * MIB}\n`,
        "/sys/fs/cgroup/edge.slice/docker-8d1c.scope/memory.stat": stat(140 * MIB),
        "/sys/fs/cgroup/edge.slice/docker-8d1c.scope/cpu.max": "max 100000\n",
      },
    },
    facts: {
      "memory.limit_bytes": 256 * MIB,
      // 200 MB are used, of which 150 MB are reclaimable cache.
      "memory.available_bytes": 206 * MIB,
      "cpu.usable_cores": 1.5,
      "system.container": "docker",
      "system.virtual_machine": "unknown hypervisor",
      "storage.kind": "overlay",
      "storage.is_volatile": true,
    },
  },
  {
    name: "Kubernetes on version 1, with long cgroup paths",
    machine: {
      cpuCount: 8,
      environment: { KUBERNETES_SERVICE_HOST: "10.96.0.1" },
      files: {
        ...host,
        ...allowed("0-7"),
        "/proc/self/cgroup": ["12:memory:", "11:cpu,cpuacct:", "10:cpuset:", "1:name=systemd:"]
          .map((line) => `${line}${POD}\n`)
          .join(""),
        "/proc/self/mountinfo": [
          "600 500 0:100 / / rw,relatime - overlay overlay rw",
          `610 600 0:31 ${POD} /sys/fs/cgroup/memory ro,nosuid - cgroup cgroup rw,memory`,
          `611 600 0:32 ${POD} /sys/fs/cgroup/cpu,cpuacct ro,nosuid - cgroup cgroup rw,cpu,cpuacct`,
          "620 600 8:1 /var/lib/kubelet/pods/volumes/data /data rw,relatime - ext4 /dev/sda1 rw",
          "",
        ].join("\n"),
        "/sys/fs/cgroup/memory/memory.limit_in_bytes": `${512 * MIB}\n`,
        "/sys/fs/cgroup/memory/memory.usage_in_bytes": `${100 * MIB}\n`,
        "/sys/fs/cgroup/memory/memory.stat": `cache 0\ntotal_inactive_file 0\nhierarchical_memory_limit ${512 * MIB}\n`,
        "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "25000\n",
        "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
      },
    },
    facts: {
      "memory.limit_bytes": 512 * MIB,
      "memory.available_bytes": 412 * MIB,
      "cpu.usable_cores": 0.25,
      "system.container": "kubernetes",
      "storage.kind": "ext4",
      "storage.is_volatile": false,
    },
  },
  {
    name: "LXC, which shows the processors of the host but allows only two",
    machine: {
      cpuCount: 2,
      files: {
        ...host,
        ...meminfo(2_097_152, 1_900_000),
        ...allowed("3,5"),
        "/run/systemd/container": "lxc\n",
        "/proc/self/cgroup": "0::/lxc.payload.kiosk/.lxc\n",
        "/proc/self/mountinfo":
          "700 600 8:17 /rootfs / rw,relatime - ext4 /dev/sdb1 rw\n710 700 0:26 / /sys/fs/cgroup rw - cgroup2 none rw\n",
      },
    },
    facts: {
      "memory.total_bytes": 2_097_152 * 1024,
      "cpu.cores_online": 8,
      "cpu.usable_cores": 2,
      "system.container": "lxc",
    },
  },
  {
    name: "WSL 2",
    machine: {
      cpuCount: 8,
      files: {
        ...host,
        ...allowed("0-7"),
        ...kernel("5.15.153.1-microsoft-standard-WSL2"),
        "/proc/self/cgroup": "0::/\n",
        "/proc/self/mountinfo":
          "60 50 8:32 / / rw,relatime - ext4 /dev/sdc rw\n61 60 0:40 / /mnt/c rw,noatime - 9p C:\\134 rw\n",
        "/sys/dev/block/8:32/uevent": "MAJOR=8\nMINOR=32\nDEVNAME=sdc\nDEVTYPE=disk\n",
        "/sys/block/sdc/queue/rotational": "1\n",
        "/sys/block/sdc/device/model": "Virtual Disk    \n",
      },
    },
    facts: {
      "system.virtual_machine": "wsl",
      "system.container": null,
      "memory.limit_bytes": null,
      "thermal.temperature_celsius": undefined,
      "power.source": undefined,
      "storage.kind": "virtual-disk",
    },
  },
];
