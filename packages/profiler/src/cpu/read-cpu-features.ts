import { isLinux } from "../is-linux.js";
import type { Machine } from "../machine.js";
import { readOrNull } from "../read-or-null.js";

/** 1.5 KB for each processor of a large x86 server. */
const MAX_CPUINFO_BYTES = 2 ** 20;

/** What engines have faster code for, by the names of Linux; an answer has this order. */
const FEATURES = [
  ...["sse4_2", "avx", "f16c", "fma", "avx2", "avx_vnni"],
  ...["avx512f", "avx512bw", "avx512vl", "avx512vbmi", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16"],
  ...["neon", "vfpv4", "asimd", "asimdhp", "asimddp", "i8mm", "bf16", "sve", "sve2", "sme"],
  ...["v", "zvfh", "lsx", "lasx"],
];

/** Every arm64 Mac has them: they came before the first, the M1. */
const APPLE_FEATURES = ["neon", "asimd", "asimdhp", "asimddp"];

/** The line of `/proc/cpuinfo` that lists what a processor can do, by how the machine type begins. */
const LIST_NAMES: readonly (readonly [machineType: RegExp, name: string])[] = [
  [/^(x86_64|amd64|i[3-6]86)$/, "flags"],
  [/^(aarch64|arm|loongarch)/, "Features"],
  [/^riscv/, "isa"],
];

/**
 * The instruction sets that matter to inference and that every processor here has, by the names of Linux
 * (`avx2`, `avx512_vnni`, `asimddp` for ARM's dot products, `v` for RISC-V's vectors); `neon` comes with `asimd`, its
 * name on 64 bit. Empty: it has none of them. Null: not known, as on Windows, on x64 Macs, and under an emulator that
 * shows the processors of its host. Reads one file. Never rejects.
 */
export async function readCpuFeatures(machine: Machine): Promise<string[] | null> {
  if (machine.platform === "darwin") return machine.machineType === "arm64" ? [...APPLE_FEATURES] : null;
  if (!isLinux(machine)) return null;
  const listName = LIST_NAMES.find(([machineType]) => machineType.test(machine.machineType))?.[1];
  if (listName === undefined) return null;
  const cpuinfo = (await readOrNull(machine, "/proc/cpuinfo", MAX_CPUINFO_BYTES)) ?? "";

  const lines = cpuinfo.split("\n");
  // What was cut off lacks what came behind.
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

/** `rv64imafdcv_zicsr_zvfh`: letters up to the first underscore, words behind it. */
function riscvFeatures(isa: string): ReadonlySet<string> {
  const [base = "", ...words] = isa.trim().toLowerCase().split("_");
  return new Set([...base.replace(/^rv\d+/, ""), ...words]);
}
