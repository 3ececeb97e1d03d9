import { allowed, type Board, meminfo, pageSize, swaps } from "./board.js";

const MIB = 2 ** 20;
const KIB_OF_HOST = 8_048_944;
const CG = "/sys/fs/cgroup";
const NO_V1_LIMIT = "9223372036854771712";
const ID = "4f0c8d1c3b5a7f9e1d3c5b7a9f0e2d4c6b8a0f1e3d5c7b9a1f3e5d7c9b0a2f4e";
const host = { ...meminfo(KIB_OF_HOST, 6_000_000), ...swaps(), ...pageSize(4), ...allowed("0-3") };
const overlay = "500 400 0:100 / / rw,relatime master:1 - overlay overlay rw,lowerdir=/a,upperdir=/b";

/** Returns a cgroup of version 2, with figures in MB. */
const v2 = (directory: string, mb: { max?: number; high?: number; current: number; cache?: number }) => ({
  [`${directory}/memory.max`]: mb.max === undefined ? "max\n" : `${mb.max * MIB}\n`,
  [`${directory}/memory.high`]: mb.high === undefined ? "max\n" : `${mb.high * MIB}\n`,
  [`${directory}/memory.current`]: `${mb.current * MIB}\n`,
  [`${directory}/memory.swap.max`]: "0\n",
  [`${directory}/memory.stat`]: `anon ${20 * MIB}\nfile ${40 * MIB}\ninactive_file ${(mb.cache ?? 0) * MIB}\n`,
});

const ownNamespace = {
  "/proc/self/cgroup": "0::/\n",
  "/proc/self/mountinfo": `${overlay}\n510 500 0:26 / ${CG} ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw,nsdelegate\n`,
  [`${CG}/cgroup.controllers`]: "cpuset cpu io memory hugetlb pids rdma\n",
};

const UNIT = "/system.slice/nanoagent.service";
const POD_SLICE =
  "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod8d1c2f66_2f0d_4a67_9d3f_5f0b2f7f2f11.slice";
const CONTAINER = `${POD_SLICE}/cri-containerd-${ID}.scope`;

/** Programs that limit the memory of a process, with the files that the kernel shows inside. */
export const limitedMemory: Board[] = [
  {
    name: "docker run --memory 512m, on version 1",
    machine: {
      cpuCount: 4,
      files: {
        ...host,
        "/.dockerenv": "",
        "/proc/self/cgroup": ["12:memory:", "11:cpu,cpuacct:", "1:name=systemd:"]
          .map((line) => `${line}/docker/${ID}\n`)
          .join("")
          .concat("0::/system.slice/containerd.service\n"),
        "/proc/self/mountinfo": [
          overlay,
          "508 500 0:101 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime - tmpfs tmpfs rw,mode=755",
          `510 508 0:31 /docker/${ID} ${CG}/memory ro,nosuid,nodev,noexec,relatime master:15 - cgroup cgroup rw,memory`,
          "",
        ].join("\n"),
        [`${CG}/memory/memory.limit_in_bytes`]: `${512 * MIB}\n`,
        [`${CG}/memory/memory.usage_in_bytes`]: `${120 * MIB}\n`,
        [`${CG}/memory/memory.memsw.limit_in_bytes`]: `${1024 * MIB}\n`,
        [`${CG}/memory/memory.stat`]: `cache 0\ntotal_inactive_file ${20 * MIB}\nhierarchical_memory_limit ${512 * MIB}\nhierarchical_memsw_limit ${NO_V1_LIMIT}\n`,
      },
    },
    facts: {
      "memory.total_bytes": KIB_OF_HOST * 1024,
      "memory.limit_bytes": 512 * MIB,
      "memory.available_bytes": 412 * MIB,
      "system.container": "docker",
    },
  },
  {
    name: "docker run --memory 512m, on version 2, in a separate namespace",
    machine: {
      cpuCount: 4,
      files: { ...host, "/.dockerenv": "", ...ownNamespace, ...v2(CG, { max: 512, current: 120, cache: 20 }) },
    },
    facts: {
      "memory.limit_bytes": 512 * MIB,
      "memory.available_bytes": 412 * MIB,
      "system.container": "docker",
    },
  },
  {
    name: "podman run --memory 256m --cgroupns host",
    machine: {
      cpuCount: 4,
      files: {
        ...host,
        "/run/.containerenv": "",
        ...ownNamespace,
        "/proc/self/cgroup": `0::/machine.slice/libpod-${ID}.scope/container\n`,
        ...v2(`${CG}/machine.slice/libpod-${ID}.scope/container`, { current: 60 }),
        ...v2(`${CG}/machine.slice/libpod-${ID}.scope`, { max: 256, current: 64 }),
        ...v2(`${CG}/machine.slice`, { current: 900 }),
      },
    },
    facts: { "memory.limit_bytes": 256 * MIB, "memory.available_bytes": 192 * MIB },
  },
  {
    name: "a Kubernetes pod with resources.limits.memory 256Mi, on version 2",
    machine: {
      cpuCount: 4,
      environment: { KUBERNETES_SERVICE_HOST: "10.96.0.1" },
      files: { ...host, ...ownNamespace, ...v2(CG, { max: 256, current: 56 }) },
    },
    facts: {
      "memory.limit_bytes": 256 * MIB,
      "memory.available_bytes": 200 * MIB,
      "system.container": "kubernetes",
    },
  },
  {
    name: "a Kubernetes pod that sees the node's cgroups, with a pod limit below the container limit",
    machine: {
      cpuCount: 4,
      environment: { KUBERNETES_SERVICE_HOST: "10.96.0.1" },
      files: {
        ...host,
        ...ownNamespace,
        "/proc/self/cgroup": `0::${CONTAINER}\n`,
        ...v2(`${CG}${CONTAINER}`, { max: 512, current: 60 }),
        ...v2(`${CG}${POD_SLICE}`, { max: 300, current: 200, cache: 30 }),
        ...v2(`${CG}/kubepods.slice/kubepods-burstable.slice`, { current: 2000 }),
        ...v2(`${CG}/kubepods.slice`, { max: 7000, current: 3000 }),
      },
    },
    facts: {
      "memory.limit_bytes": 300 * MIB,
      "memory.available_bytes": 130 * MIB,
      "system.container": "kubernetes",
    },
  },
  {
    name: "LXC with lxc.cgroup2.memory.max 1G, where lxcfs shows the limit as the RAM",
    machine: {
      cpuCount: 4,
      files: {
        ...host,
        ...meminfo(1_048_576, 900_000),
        "/run/systemd/container": "lxc\n",
        "/proc/self/cgroup": "0::/system.slice/nanoagent.service\n",
        "/proc/self/mountinfo": [
          "700 600 8:17 /rootfs / rw,relatime - ext4 /dev/sdb1 rw",
          "705 700 0:55 /proc/meminfo /proc/meminfo rw,nosuid,nodev,relatime - fuse.lxcfs lxcfs rw",
          "710 700 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime - cgroup2 none rw",
          "",
        ].join("\n"),
        ...v2(CG, { max: 1024, current: 400, cache: 100 }),
        ...v2(`${CG}/system.slice`, { current: 300 }),
        ...v2(`${CG}/system.slice/nanoagent.service`, { current: 50 }),
      },
    },
    facts: {
      "memory.total_bytes": 1024 * MIB,
      "memory.limit_bytes": 1024 * MIB,
      "memory.available_bytes": 724 * MIB,
      "system.container": "lxc",
    },
  },
  {
    name: "a systemd unit with MemoryMax=256M and MemoryHigh=200M",
    machine: {
      cpuCount: 4,
      files: {
        ...host,
        "/proc/self/cgroup": `0::${UNIT}\n`,
        "/proc/self/mountinfo": `24 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n30 23 0:26 / ${CG} rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n`,
        ...v2(`${CG}${UNIT}`, { max: 256, high: 200, current: 50 }),
        ...v2(`${CG}/system.slice`, { current: 700 }),
      },
    },
    facts: {
      "memory.limit_bytes": 200 * MIB,
      "memory.available_bytes": 150 * MIB,
      "system.container": null,
    },
  },
  {
    name: "a systemd unit in a slice with MemoryMax=128M",
    machine: {
      cpuCount: 4,
      files: {
        ...host,
        "/proc/self/cgroup": "0::/agents.slice/agents-kitchen.slice/nanoagent.service\n",
        "/proc/self/mountinfo": `24 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n30 23 0:26 / ${CG} rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n`,
        ...v2(`${CG}/agents.slice/agents-kitchen.slice/nanoagent.service`, { max: 512, current: 50 }),
        ...v2(`${CG}/agents.slice/agents-kitchen.slice`, { current: 60 }),
        ...v2(`${CG}/agents.slice`, { max: 128, current: 100 }),
      },
    },
    facts: { "memory.limit_bytes": 128 * MIB, "memory.available_bytes": 28 * MIB },
  },
  {
    name: "a Raspberry Pi with version 1 and cgroup_disable=memory, where MemoryMax has no effect",
    machine: {
      cpuCount: 4,
      files: {
        ...host,
        ...meminfo(948_304, 700_000),
        "/proc/cgroups":
          "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpuset\t6\t15\t1\nmemory\t0\t85\t0\npids\t7\t91\t1\n",
        "/proc/self/cgroup": `7:pids:${UNIT}\n6:cpuset:/\n1:name=systemd:${UNIT}\n0::${UNIT}\n`,
        "/proc/self/mountinfo": [
          "24 1 179:2 / / rw,noatime shared:1 - ext4 /dev/root rw",
          "30 23 0:27 / /sys/fs/cgroup/unified rw,nosuid shared:5 - cgroup2 cgroup2 rw,nsdelegate",
          "35 31 0:32 / /sys/fs/cgroup/pids rw,relatime shared:9 - cgroup cgroup rw,pids",
          "",
        ].join("\n"),
        "/sys/fs/cgroup/unified/cgroup.controllers": "\n",
      },
    },
    facts: {
      "memory.total_bytes": 948_304 * 1024,
      "memory.available_bytes": 700_000 * 1024,
      "memory.limit_bytes": undefined,
      "system.container": null,
    },
  },
];
