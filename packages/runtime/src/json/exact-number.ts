/** A JSON number that JavaScript would change. It is kept as written. */
export class ExactNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }

  /** Returns a string: JSON.stringify cannot write such a number, and a string loses nothing. */
  toJSON(): string {
    return this.text;
  }

  /** Whether the number has no fraction, in whatever notation it is written. */
  get isInteger(): boolean {
    return decimalOf(this.text).exponent >= 0;
  }

  /** The JavaScript number where it has exactly this value, otherwise this object. */
  get simplest(): number | ExactNumber {
    const value = Number(this.text);
    const [one, other] = [decimalOf(this.text), decimalOf(String(value))];
    const isSame = one.digits === other.digits && (one.digits === "" || one.exponent === other.exponent);
    return Number.isFinite(value) && isSame ? value : this;
  }
}

/** Splits a number into its sign and significant digits, and the power of ten to multiply them by. */
function decimalOf(text: string): { digits: string; exponent: number } {
  const [mantissa = "", exponent = "0"] = text.toLowerCase().split("e");
  const [whole = "", fraction = ""] = mantissa.replace("-", "").split(".");
  const all = `${whole}${fraction}`.replace(/^0+/, "");
  // A loop, because a pattern would scan a long run of zeros once from each of them.
  let end = all.length;
  while (all[end - 1] === "0") end -= 1;
  const digits = all.slice(0, end);
  if (digits === "") return { digits, exponent: 0 };
  return {
    digits: `${text.startsWith("-") ? "-" : ""}${digits}`,
    exponent: Number(exponent) - fraction.length + all.length - end,
  };
}
