import { ServiceError } from "../errors/service-error.js";
import { type Fields, isObject } from "./read-field.js";

/**
 * Reads `format`: `json` for any JSON object, or a JSON Schema. Returns undefined for text of any form. Throws
 * {@link ServiceError}.
 */
export function readFormat({ format }: Fields): object | undefined {
  if (format === undefined || format === null || format === "") return undefined;
  if (format === "json") return { type: "object" };
  if (isObject(format)) return format;
  throw ServiceError.invalid("format", '"format" is not valid.', 'Send "json" or a JSON Schema, or leave it out.');
}
