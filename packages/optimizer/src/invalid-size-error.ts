import { cutText, NanoAgentError } from "@nanoagent/models";

/**
 * Code `invalid-size`: a size or count is not a finite number above zero. `field` names it, `value` is the invalid
 * value.
 */
export class InvalidSizeError extends NanoAgentError {
  override name = "InvalidSizeError";
  readonly field: string;
  readonly value: unknown;

  constructor(field: string, value: unknown) {
    super({
      code: "invalid-size",
      message: `${field} must be a finite number above zero, not ${describe(value)}.`,
      hint: field.endsWith("cores")
        ? `Give ${field} as a count, such as 4.`
        : `Give ${field} in MB of 2^20 bytes, such as 512.`,
    });
    this.field = field;
    this.value = value;
  }
}

function describe(value: unknown): string {
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return `the string ${JSON.stringify(cutText(value, 40))}`;
  return value === null ? "null" : `a value of type ${typeof value}`;
}
