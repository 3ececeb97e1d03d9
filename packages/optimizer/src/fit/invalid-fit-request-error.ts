import { NanoAgentError } from "@nanoagent/models";

/**
 * Code `invalid-fit-request`: a request has an invalid value. `field` is the key of the request, `value` the invalid
 * value.
 */
export class InvalidFitRequestError extends NanoAgentError {
  override name = "InvalidFitRequestError";
  readonly field: string;
  readonly value: unknown;

  constructor(field: string, value: unknown, expected: string) {
    super({
      code: "invalid-fit-request",
      message: `${field} must be ${expected}, not ${typeof value === "string" ? JSON.stringify(value) : String(value)}.`,
    });
    this.field = field;
    this.value = value;
  }
}
