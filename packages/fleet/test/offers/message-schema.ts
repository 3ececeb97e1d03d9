import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect } from "vitest";

interface Validate {
  (value: unknown): boolean;
  errors?: { instancePath: string; message?: string }[] | null;
}
type SchemaName = "bundle-offer" | "update-message";

const requireFromModels = createRequire(new URL("../../../models/package.json", import.meta.url));
const { default: Ajv } = requireFromModels("ajv/dist/2020.js") as {
  default: new (options: object) => { compile(schema: unknown): Validate };
};
const ajv = new Ajv({ allErrors: true, allowUnionTypes: true, validateFormats: false });
const compile = (name: SchemaName) =>
  ajv.compile(JSON.parse(readFileSync(new URL(`../../schemas/${name}.json`, import.meta.url), "utf8")));
const validate = { "bundle-offer": compile("bundle-offer"), "update-message": compile("update-message") };

/** Lists how a message differs from its schema. */
export function problemsOf(name: SchemaName, value: unknown): string[] {
  if (validate[name](value)) return [];
  return (validate[name].errors ?? []).map(({ instancePath, message }) => `${instancePath}: ${message}`);
}

export function expectSchema(name: SchemaName, value: unknown): void {
  expect(problemsOf(name, value)).toEqual([]);
}
