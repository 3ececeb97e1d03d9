import { isFields, readObject, wrongType } from "../requests/request-fields.js";

/**
 * Returns the schema that the reply must satisfy, or undefined for any text. `schemaAt` says where a `json_schema` has
 * its schema: below a field of that name (chat completions), or beside the type (responses).
 */
export function readReplyFormat(format: unknown, param: string, schemaAt: "nested" | "flat"): object | undefined {
  if (format === undefined || format === null) return undefined;
  if (!isFields(format)) throw wrongType(param, "an object", format);
  switch (format.type) {
    case "text":
      return undefined;
    // llama-server takes a schema here, too.
    case "json_object":
      return readObject(format, "schema", `${param}.schema`) ?? { type: "object" };
    case "json_schema": {
      const at = schemaAt === "nested" ? `${param}.json_schema` : param;
      const fields = schemaAt === "nested" ? format.json_schema : format;
      if (!isFields(fields)) throw wrongType(at, "an object with a schema", fields);
      if (!isFields(fields.schema)) throw wrongType(`${at}.schema`, "a JSON Schema", fields.schema);
      return fields.schema;
    }
    default:
      throw wrongType(`${param}.type`, '"text", "json_object" or "json_schema"', format.type);
  }
}
