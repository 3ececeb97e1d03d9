import type { ElfMachine } from "./read-elf.js";

/** Processor names by `e_machine` number in the ELF registry, for processors that run Node and related ones. */
const names: Partial<Record<number, string>> = {
  3: "x86 (32-bit)",
  8: "MIPS",
  20: "32-bit PowerPC",
  21: "64-bit PowerPC",
  22: "IBM Z",
  40: "32-bit ARM",
  62: "x86-64",
  183: "AArch64 (64-bit ARM)",
  243: "RISC-V",
  258: "LoongArch",
};

/** Returns the name of a processor for people, such as `AArch64 (64-bit ARM)`. */
export function machineName({ machine, bits, byteOrder }: ElfMachine): string {
  return names[machine] ?? `an unknown ${bits}-bit ${byteOrder}-endian processor (ELF machine ${machine})`;
}
