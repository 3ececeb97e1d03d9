import { type Fields, fieldOf, isFields, wrongType } from "../requests/request-fields.js";

/**
 * Reads `format`: `json` for any JSON object, or a JSON Schema. Returns undefined for text of any form. Throws
 * {@link ServiceError}.
 */
export function readFormat(body: Fields): object | undefined {
  const format = fieldOf(body, "format");
  if (format === undefined || format === "") return undefined;
  if (format === "json") return { type: "object" };
  if (isFields(format)) return format;
  throw wrongType("format", '"json" or a JSON Schema', format);
}
