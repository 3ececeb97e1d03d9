/** Core names by implementer and part, as in the MIDR register. Source: Arm's reference manuals of each core. */
const ARM_CORES: Readonly<Record<string, string>> = {
  "41:d03": "Cortex-A53",
  "41:d04": "Cortex-A35",
  "41:d05": "Cortex-A55",
  "41:d07": "Cortex-A57",
  "41:d08": "Cortex-A72",
  "41:d09": "Cortex-A73",
  "41:d0a": "Cortex-A75",
  "41:d0b": "Cortex-A76",
  "41:d0c": "Neoverse-N1",
  "41:d0d": "Cortex-A77",
  "41:d41": "Cortex-A78",
  "41:d42": "Cortex-A78AE",
  "41:d44": "Cortex-X1",
  "41:d46": "Cortex-A510",
  "41:d47": "Cortex-A710",
  "41:d48": "Cortex-X2",
  "41:d4d": "Cortex-A715",
  "41:d4e": "Cortex-X3",
  "41:d80": "Cortex-A520",
  "41:d85": "Cortex-X925",
  "41:d87": "Cortex-A725",
  "41:c07": "Cortex-A7",
  "41:c09": "Cortex-A9",
  "41:c0f": "Cortex-A15",
  "41:b76": "ARM1176",
};

/** Returns the name of a core by implementer and part number, both hexadecimal; for an unknown core, the numbers. */
export function armCoreName(implementer: string, part: string): string {
  const hex = (text: string, digits: number) => text.toLowerCase().replace(/^0x/, "").padStart(digits, "0");
  const key = `${hex(implementer, 2)}:${hex(part, 3)}`;
  return ARM_CORES[key] ?? `ARM core ${key}`;
}

/** Returns the core name of a MIDR register: `0x00000000414fd0b1` is a Cortex-A76. Null for an invalid value. */
export function coreOfMidr(midr: string): string | null {
  if (!/^0x[0-9a-f]{8,16}$/i.test(midr)) return null;
  const digits = midr.slice(-8);
  return armCoreName(digits.slice(0, 2), digits.slice(4, 7));
}
