import { isLinux } from "../is-linux.js";
import type { Machine } from "../machine.js";
import { readOrNull } from "../read-or-null.js";

/** Most bytes of /proc/cpuinfo. A large x86 server has 1.5 KB per processor. */
const MAX_CPUINFO_BYTES = 2 ** 20;

/** Features that engines have faster code for, by their Linux names, in the order of the result. */
const FEATURES = [
  ...["sse4_2", "avx", "f16c", "fma", "avx2", "avx_vnni"],
  ...["avx512f", "avx512bw", "avx512vl", "avx512vbmi", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16"],
  ...["neon", "vfpv4", "asimd", "asimdhp", "asimddp", "i8mm", "bf16", "sve", "sve2", "sme"],
  ...["v", "zvfh", "lsx", "lasx"],
];

/** Features of every arm64 Mac, since the M1. */
const APPLE_FEATURES = ["neon", "asimd", "asimdhp", "asimddp"];

/** Name of the feature line in `/proc/cpuinfo`, by machine type. */
const LIST_NAMES: readonly (readonly [machineType: RegExp, name: string])[] = [
  [/^(x86_64|amd64|i[3-6]86)$/, "flags"],
  [/^(aarch64|arm|loongarch)/, "Features"],
  [/^riscv/, "isa"],
];

/**
 * Returns the CPU features that matter for inference and that all processors have, by their Linux names (`avx2`,
 * `avx512_vnni`, `asimddp` for ARM dot products, `v` for RISC-V vectors). `neon` is added to `asimd`, its 64-bit name.
 * Empty if the processors have none of them. Null if unknown, as on Windows, on x64 Macs, and under an emulator that
 * shows the processors of its host. Reads one file. Never rejects.
 */
export async function readCpuFeatures(machine: Machine): Promise<string[] | null> {
  if (machine.platform === "darwin") return machine.machineType === "arm64" ? [...APPLE_FEATURES] : null;
  if (!isLinux(machine)) return null;
  const listName = LIST_NAMES.find(([machineType]) => machineType.test(machine.machineType))?.[1];
  if (listName === undefined) return null;
  const cpuinfo = (await readOrNull(machine, "/proc/cpuinfo", MAX_CPUINFO_BYTES)) ?? "";

  const lines = cpuinfo.split("\n");
  // The last line may be cut off.
  if (cpuinfo.length >= MAX_CPUINFO_BYTES) lines.pop();
  const processors = lines.flatMap((line) => {
    const [name, list] = line.split(/\s*:\s*/, 2);
    if (name !== listName || list === undefined) return [];
    return [name === "isa" ? riscvFeatures(list) : features(list)];
  });
  if (processors.length === 0) return null;
  return FEATURES.filter((feature) => processors.every((processor) => processor.has(feature)));
}

function features(list: string): ReadonlySet<string> {
  const words = new Set(list.trim().split(/\s+/));
  if (words.has("asimd")) words.add("neon");
  return words;
}

/** Parses `rv64imafdcv_zicsr_zvfh`: single letters up to the first underscore, then words. */
function riscvFeatures(isa: string): ReadonlySet<string> {
  const [base = "", ...words] = isa.trim().toLowerCase().split("_");
  return new Set([...base.replace(/^rv\d+/, ""), ...words]);
}
