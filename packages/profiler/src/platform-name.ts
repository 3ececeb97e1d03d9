import type { Machine } from "./machine.js";

/** Android runs the Linux kernel and shows the same files. */
const SYSTEM_NAMES: ReadonlyMap<string, string> = new Map([
  ["android", "linux"],
  ["win32", "windows"],
]);

/** Machine types whose name in Python differs from that of the runtime. */
const PLATFORM_NAMES: ReadonlyMap<string, string> = new Map([
  ["linux-arm64", "linux-aarch64"],
  ["darwin-aarch64", "darwin-arm64"],
  ["windows-x86_64", "windows-amd64"],
  ["windows-aarch64", "windows-arm64"],
  ["windows-i386", "windows-x86"],
  ["windows-i686", "windows-x86"],
]);

/** Returns system and machine type with the names of Python's `platform`: `linux-aarch64`, `windows-amd64`. */
export function platformName(machine: Pick<Machine, "platform" | "machineType">): string {
  const system = word(machine.platform);
  const name = `${SYSTEM_NAMES.get(system) ?? system}-${word(machine.machineType)}`;
  return PLATFORM_NAMES.get(name) ?? name;
}

function word(text: string): string {
  return text.trim().toLowerCase() || "unknown";
}
