import { chmod, mkdir, mkdtemp, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { repository, runProgram } from "../run-program.js";

const SCHEMA = "nano-agent-config.json";
const COPY = ".nanoagent/nano-agent-config.schema.json";
const requireOfModels = createRequire(path.join(repository, "packages/models/package.json"));
type Validate = ((data: unknown) => boolean) & { errors?: unknown };
const { Ajv2020 } = requireOfModels("ajv/dist/2020.js") as {
  Ajv2020: new (options: object) => { compile(schema: object): Validate };
};

let root: string;
beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), "nanoagent-schema-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const newFolder = () => mkdtemp(path.join(root, "agent-"));
const sourceOf = () => readFile(path.join(repository, "packages/models/schemas", SCHEMA));

/** Returns the schema's path in a config, and the config as data. */
async function readFileOf(file: string): Promise<{ reference: string | undefined; data: { $schema?: string } }> {
  const text = await readFile(file, "utf8");
  if (file.endsWith(".yaml")) {
    return { reference: /^# yaml-language-server: \$schema=(\S+)\n/.exec(text)?.[1], data: parse(text) };
  }
  const data = JSON.parse(text);
  expect(Object.keys(data)[0]).toBe("$schema");
  return { reference: data.$schema, data };
}

/** Expects that the config names a JSON Schema that accepts it, and returns the schema's path in the config. */
async function expectValid(file: string): Promise<string> {
  const { reference = "", data } = await readFileOf(file);
  const schema = JSON.parse(await readFile(path.resolve(path.dirname(file), reference), "utf8"));
  const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(schema);
  expect(validate(data), JSON.stringify(validate.errors)).toBe(true);
  expect(validate({ ...data, unknown: 1 })).toBe(false);
  return reference;
}

describe("the schema of a new config", () => {
  test.each(["agent.yaml", "agent.json"])("is written beside %s and accepts it", async (name) => {
    const file = path.join(await newFolder(), name);
    const { exitCode, stdout, stderr } = await runProgram(["init", file]);
    const copy = path.join(path.dirname(file), COPY);
    expect([exitCode, stderr, stdout]).toEqual([0, "", expect.stringContaining(`Wrote ${file} and ${copy}: `)]);
    expect(await expectValid(file)).toBe(`./${COPY}`);
    expect(await readFile(copy)).toEqual(await sourceOf());
    if (process.platform !== "win32") expect((await stat(copy)).mode & 0o777).toBe(0o644);
    const check = await runProgram(["check", "--config", file]);
    expect(check.stdout).toContain("All is well.");
  });

  test.each(["project", "project/agents/porter"])("is that of an installed package, from %s", async (below) => {
    const parent = await newFolder();
    const installed = path.join(parent, "project/node_modules/@nanoagent/models/schemas");
    await mkdir(installed, { recursive: true });
    await writeFile(path.join(installed, SCHEMA), await sourceOf());
    const file = path.join(parent, below, "agent.yaml");
    const { stdout } = await runProgram(["init", file, "--json"]);
    expect(JSON.parse(stdout).files).toEqual([file]);
    const up = below === "project" ? "." : "../..";
    expect(await expectValid(file)).toBe(`${up}/node_modules/@nanoagent/models/schemas/${SCHEMA}`);
    await expect(stat(path.join(path.dirname(file), ".nanoagent"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("is replaced if it differs, and is otherwise left alone", async () => {
    const folder = await newFolder();
    const copy = path.join(folder, COPY);
    await runProgram(["init", path.join(folder, "one.yaml")]);
    await utimes(copy, 1, 1);
    const same = await runProgram(["init", path.join(folder, "two.yaml"), "--json"]);
    expect(JSON.parse(same.stdout).files).toEqual([path.join(folder, "two.yaml")]);
    expect((await stat(copy)).mtimeMs).toBe(1000);
    await writeFile(copy, "{}");
    await chmod(copy, 0o600);
    const changed = await runProgram(["init", path.join(folder, "three.yaml"), "--json"]);
    expect(JSON.parse(changed.stdout).files).toEqual([path.join(folder, "three.yaml"), copy]);
    expect(await readFile(copy)).toEqual(await sourceOf());
    await expectValid(path.join(folder, "three.yaml"));
  });

  test.each(["agent.yaml", "agent.json"])("is left out of %s with a notice if it cannot be written", async (name) => {
    const folder = await newFolder();
    await writeFile(path.join(folder, ".nanoagent"), "mine");
    const file = path.join(folder, name);
    const { exitCode, stdout, stderr } = await runProgram(["init", file]);
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining(`Wrote ${file}: `)]);
    expect(stderr).toMatch(/^note: Cannot write .*\.schema\.json: (EEXIST|ENOTDIR)\. .*\n$/);
    expect(await readFile(file, "utf8")).not.toContain("$schema");
    expect(await readFile(path.join(folder, ".nanoagent"), "utf8")).toBe("mine");
    expect((await runProgram(["check", "--config", file])).exitCode).toBe(0);
  });
});
