import type { DeviceDetails, Fact } from "@nanoagent/models";
import { certain, factOf, likely, unknown } from "./details/fact.js";
import type { Machine } from "./machine.js";
import { readOrNull } from "./read-or-null.js";

const MAX_CPUINFO_BYTES = 8192;

/** Reads the facts of the operating system, its container and its virtual machine. Never rejects. */
export async function readSystemDetails(machine: Machine): Promise<DeviceDetails["system"]> {
  const release = (await readOrNull(machine, "/proc/sys/kernel/osrelease"))?.trim() ?? "";
  return {
    kernel:
      release === ""
        ? unknown("/proc/sys/kernel/osrelease does not exist")
        : certain(release, "/proc/sys/kernel/osrelease"),
    libc: await factOf(() => readLibc(machine)),
    container: await factOf(() => readContainer(machine)),
    virtual_machine: await factOf(() => readVirtualMachine(machine, release)),
  };
}

async function readLibc(machine: Machine): Promise<Fact<string>> {
  if (machine.platform === "android") return certain("bionic", "Android");
  if (machine.platform !== "linux") return unknown("only read on Linux");
  const names = await machine.listDirectory("/lib").catch(() => [] as string[]);
  if (names.some((name) => name.startsWith("ld-musl-"))) return certain("musl", "/lib/ld-musl-*");
  const is64 = await machine.listDirectory("/lib64").catch(() => [] as string[]);
  const loader = [...names, ...is64].find((name) => /^ld-linux.*\.so/.test(name));
  return loader === undefined ? likely("glibc", "musl not found") : certain("glibc", loader);
}

/** Detects a container. Marker files alone are only a hint; cgroup names and environment variables are certain. */
async function readContainer(machine: Machine): Promise<Fact<string | null>> {
  const { environment } = machine;
  if (environment.TERMUX_VERSION !== undefined) return certain("termux", "TERMUX_VERSION");
  if (environment.KUBERNETES_SERVICE_HOST !== undefined) return certain("kubernetes", "KUBERNETES_SERVICE_HOST");
  const named = (await readOrNull(machine, "/run/systemd/container"))?.trim();
  if (named) return certain(named, "/run/systemd/container");
  if (await machine.exists("/run/.containerenv")) return certain("podman", "/run/.containerenv");
  const groups = (await readOrNull(machine, "/proc/self/cgroup")) ?? "";
  for (const [pattern, name] of [
    [/kubepods/, "kubernetes"],
    [/docker/, "docker"],
    [/libpod/, "podman"],
    [/lxc/, "lxc"],
  ] as const) {
    if (pattern.test(groups)) return certain(name, "/proc/self/cgroup");
  }
  const mounts = (await readOrNull(machine, "/proc/self/mountinfo", 4096)) ?? "";
  const isOverlay = / \/ \/ .* - overlay /m.test(mounts);
  if (await machine.exists("/.dockerenv")) {
    // Machines installed from container images keep this file.
    return isOverlay ? certain("docker", "/.dockerenv and an overlay") : likely(null, "only /.dockerenv, no overlay");
  }
  return likely(null, "no sign of a container");
}

async function readVirtualMachine(machine: Machine, release: string): Promise<Fact<string | null>> {
  if (/microsoft/i.test(release)) return certain("wsl", "/proc/sys/kernel/osrelease");
  const type = (await readOrNull(machine, "/sys/hypervisor/type"))?.trim();
  if (type) return certain(type, "/sys/hypervisor/type");
  const vendor = (await readOrNull(machine, "/sys/class/dmi/id/sys_vendor"))?.trim() ?? "";
  for (const [pattern, name] of [
    [/^QEMU/, "qemu"],
    [/VMware/, "vmware"],
    [/innotek|VirtualBox/, "virtualbox"],
    [/Amazon EC2/, "ec2"],
    [/^Google/, "gce"],
    [/Xen/, "xen"],
  ] as const) {
    if (pattern.test(vendor)) return certain(name, "/sys/class/dmi/id/sys_vendor");
  }
  const compatible = (await readOrNull(machine, "/proc/device-tree/compatible")) ?? "";
  if (compatible.includes("linux,dummy-virt")) return certain("qemu", "/proc/device-tree/compatible");
  const cpuinfo = await readOrNull(machine, "/proc/cpuinfo", MAX_CPUINFO_BYTES);
  if (cpuinfo === null) return unknown("/proc/cpuinfo does not exist");
  return /^flags\s*:.*\bhypervisor\b/m.test(cpuinfo)
    ? certain("unknown hypervisor", "/proc/cpuinfo")
    : likely(null, "no sign of a virtual machine");
}
