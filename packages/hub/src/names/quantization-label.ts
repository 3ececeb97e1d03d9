interface QuantizationRow {
  label: string;
  /** Other spellings in names of files. */
  aliases?: readonly string[];
}

/** Quantizations that names of files contain. A size after some of them, as in `Q4_K_XL`, is part of the label. */
const QUANTIZATIONS: readonly QuantizationRow[] = [
  { label: "F32", aliases: ["FP32"] },
  { label: "F16", aliases: ["FP16"] },
  { label: "BF16" },
  { label: "Q8_0" },
  { label: "Q8_1" },
  { label: "Q8_K" },
  { label: "Q6_K" },
  { label: "Q5_0" },
  { label: "Q5_1" },
  { label: "Q5_K" },
  { label: "Q5_K_S" },
  { label: "Q5_K_M" },
  { label: "Q4_0" },
  { label: "Q4_1" },
  { label: "Q4_K" },
  { label: "Q4_K_S" },
  { label: "Q4_K_M" },
  { label: "Q4_0_4_4" },
  { label: "Q4_0_4_8" },
  { label: "Q4_0_8_8" },
  { label: "IQ4_NL" },
  { label: "IQ4_XS" },
  { label: "MXFP4" },
  { label: "MXFP4_MOE" },
  { label: "NVFP4" },
  { label: "Q3_K" },
  { label: "Q3_K_S" },
  { label: "Q3_K_M" },
  { label: "Q3_K_L" },
  { label: "IQ3_XXS" },
  { label: "IQ3_XS" },
  { label: "IQ3_S" },
  { label: "IQ3_M" },
  { label: "Q2_0" },
  { label: "Q2_K" },
  { label: "Q2_K_S" },
  { label: "IQ2_XXS" },
  { label: "IQ2_XS" },
  { label: "IQ2_S" },
  { label: "IQ2_M" },
  { label: "TQ2_0" },
  { label: "TQ1_0" },
  { label: "IQ1_S" },
  { label: "IQ1_M" },
  { label: "Q1_0" },
];

const SPELLINGS = new Map(
  QUANTIZATIONS.flatMap(({ label, aliases = [] }) => [label, ...aliases].map((spelling) => [spelling, label] as const)),
);
const LONGEST_FIRST = [...SPELLINGS.keys()].sort((one, other) => other.length - one.length).join("|");
const IN_NAME = new RegExp(`(?<![A-Z0-9])(UD-)?(${LONGEST_FIRST})(_(?:XXL|XL|L|M|S|XS))?(?![A-Z0-9])`, "g");

/** Longest name that is searched. */
const MAX_CHARACTERS = 1024;

/** Returns the label that a file's name contains, in upper case: the last one if there are several, otherwise null. */
export function quantizationLabel(name: string): string | null {
  if (name.length > MAX_CHARACTERS) return null;
  const match = [...name.toUpperCase().matchAll(IN_NAME)].at(-1);
  if (match === undefined) return null;
  const [, prefix = "", spelling = "", size = ""] = match;
  return `${prefix}${SPELLINGS.get(spelling)}${size}`;
}

/** Returns a label in upper case, with the usual spelling of `FP16`. */
export function normalizeQuantization(text: string): string {
  const upper = text.toUpperCase();
  return SPELLINGS.get(upper) ?? upper;
}
