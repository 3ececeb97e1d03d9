import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { expect, test } from "vitest";
import { createBundle } from "../../src/bundle/create-bundle.js";
import { manifestOf, sha256, temporaryFolder } from "./bundle-parts.js";

interface Validate {
  (value: unknown): boolean;
  errors?: { instancePath: string; message?: string }[] | null;
}

const requireFromModels = createRequire(new URL("../../../models/package.json", import.meta.url));
const { default: Ajv } = requireFromModels("ajv/dist/2020.js") as {
  default: new (options: object) => { compile(schema: unknown): Validate };
};
const schema: unknown = JSON.parse(
  readFileSync(new URL("../../schemas/bundle-manifest.json", import.meta.url), "utf8"),
);
const validate = new Ajv({ allErrors: true }).compile(schema);

function problemsOf(value: unknown): string[] {
  if (validate(JSON.parse(JSON.stringify(value)))) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath}: ${message}`);
}

const model = { name: "qwen", source: "org/repo:Q4_K_M", size: 3, sha256: sha256("m") };

test("the schema accepts a manifest that createBundle writes", async () => {
  const root = temporaryFolder();
  const folder = path.join(root, "agent");
  mkdirSync(path.join(folder, "tools"), { recursive: true });
  writeFileSync(path.join(folder, "agent.yaml"), "role: gardener\n");
  writeFileSync(path.join(folder, "tools/water ä.sh"), "", { mode: 0o755 });
  const facts = { folder, out: path.join(root, "x"), name: "garden", version: "1", sequence: 1 };
  expect(problemsOf((await createBundle(facts)).manifest)).toEqual([]);
  const requires = { nanoagent: ">=0.1.0" };
  expect(problemsOf((await createBundle({ ...facts, requires, models: [model] })).manifest)).toEqual([]);
});

test.each([
  { format: 2 },
  { name: "" },
  { version: undefined },
  { sequence: 0 },
  { sequence: 2 ** 53 },
  { created: "yesterday" },
  { requires: { node: "20" } },
  { models: [{ ...model, url: "x" }] },
  { files: [] },
  { delta: true },
])("it refuses %j, as a device does", (change) => {
  expect(problemsOf(manifestOf(undefined, change))).not.toEqual([]);
});

test.each([
  { path: "/x" },
  { path: "a\\b" },
  { path: "a//b" },
  { mode: 511 },
  { size: -1 },
  { sha256: "x" },
  { link: "x" },
])("it refuses a file with %j", (change) => {
  expect(problemsOf(manifestOf([{ path: "agent.yaml", ...change }]))).not.toEqual([]);
});

test("it describes every property", () => {
  const without: string[] = [];
  const walk = (part: unknown, place: string): void => {
    const { properties = {}, items, description } = part as Record<string, Record<string, unknown> | undefined>;
    if (description === undefined) without.push(place);
    for (const [name, property] of Object.entries(properties ?? {})) walk(property, `${place}.${name}`);
    if (items !== undefined) walk(items, `${place}[]`);
  };
  walk(schema, "manifest");
  expect(without).toEqual([]);
});
