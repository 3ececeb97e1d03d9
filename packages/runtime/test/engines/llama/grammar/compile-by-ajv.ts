import { Ajv2020 } from "ajv/dist/2020.js";
import { stringFormats } from "../../../../src/json-schema/string-format.js";
import type { SchemaCase } from "./schema-case.js";

/** Ajv's validation, as an independent reference. */
export function compileByAjv(schema: SchemaCase["schema"]) {
  const ajv = new Ajv2020({ strict: false, ownProperties: true });
  // As a decimal, 0.07 is a multiple of 0.01, but Ajv divides doubles.
  ajv.removeKeyword("multipleOf").addKeyword({ keyword: "multipleOf", type: "number", validate: isMultipleOf });
  for (const { name, matches } of stringFormats.values()) ajv.addFormat(name, matches);
  ajv.addFormat("something-else", true);
  return ajv.compile(schema as object);
}

function isMultipleOf(step: number, value: number): boolean {
  if (step >= 1) return value % step === 0;
  const places = String(step).length - "0.".length;
  return new RegExp(`^-?\\d+(\\.\\d{1,${places}})?$`).test(String(value));
}
