/** A number of a JSON text that this language would change; it is kept as it is written. */
export class ExactNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }

  /** A text: JSON of this language cannot write such a number, and a text loses nothing of it. */
  toJSON(): string {
    return this.text;
  }

  /** Whether it has no fraction, however it is written. */
  get isInteger(): boolean {
    return decimalOf(this.text).exponent >= 0;
  }

  /** The number of this language, where it has exactly this value; else this number itself. */
  get simplest(): number | ExactNumber {
    const value = Number(this.text);
    const [one, other] = [decimalOf(this.text), decimalOf(String(value))];
    const isSame = one.digits === other.digits && (one.digits === "" || one.exponent === other.exponent);
    return Number.isFinite(value) && isSame ? value : this;
  }
}

/** Sign and digits without the zeros around them, and the power of ten that they are multiplied by. */
function decimalOf(text: string): { digits: string; exponent: number } {
  const [mantissa = "", exponent = "0"] = text.toLowerCase().split("e");
  const [whole = "", fraction = ""] = mantissa.replace("-", "").split(".");
  const all = `${whole}${fraction}`.replace(/^0+/, "");
  // Not a pattern: the zeros of a long number would be tried from each of them.
  let end = all.length;
  while (all[end - 1] === "0") end -= 1;
  const digits = all.slice(0, end);
  if (digits === "") return { digits, exponent: 0 };
  return {
    digits: `${text.startsWith("-") ? "-" : ""}${digits}`,
    exponent: Number(exponent) - fraction.length + all.length - end,
  };
}
