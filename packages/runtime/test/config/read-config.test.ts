import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { InvalidConfigError, MAX_CONFIG_BYTES, readConfig } from "@nanoagent/runtime/node";
import { readPlacedConfig } from "@nanoagent/runtime/program";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sampleDevice } from "../sample-config.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nanoagent-config-"));
});
afterAll(() => rm(folder, { recursive: true }));

const profile = async () => ({ ...sampleDevice, device_id: "profiled" });
let files = 0;

async function save(content: string | Uint8Array, extension = "yaml"): Promise<string> {
  const file = path.join(folder, `agent-${files++}.${extension}`);
  await writeFile(file, content);
  return file;
}

async function read(content: string | Uint8Array, extension = "yaml") {
  return readConfig(await save(content, extension), { profile });
}

/** Returns the error of a config, without its file name. */
async function refusal(content: string | Uint8Array, extension = "yaml"): Promise<{ code: string; message: string }> {
  const file = await save(content, extension);
  const error: unknown = await readConfig(file, { profile }).then(
    () => expect.fail("it was accepted"),
    (reason) => reason,
  );
  if (!(error instanceof InvalidConfigError)) throw error;
  return { code: error.code, message: error.message.replaceAll(file, "agent") };
}

const seedYaml = `# agent.yaml
spec:
  name: field-assistant
  version: "0.1.0"
  capabilities:
    - status-check
    - echo
  max_memory_mb: 256
  max_model_size_mb: 50

device:
  device_id: rpi4-4core
  platform: linux-aarch64
  memory_mb: 4096
  cpu_cores: 4
  has_gpu: false

model_path: null
`;
const seedConfig = {
  spec: {
    name: "field-assistant",
    version: "0.1.0",
    capabilities: ["status-check", "echo"],
    max_memory_mb: 256,
    max_model_size_mb: 50,
  },
  device: sampleDevice,
  model_path: null,
};

describe("a config is read", () => {
  test("from YAML", async () => expect(await read(seedYaml)).toEqual(seedConfig));
  test("from JSON", async () => expect(await read(JSON.stringify(seedConfig), "json")).toEqual(seedConfig));
  test("with a byte order mark", async () => {
    expect(await read(`\uFEFF${seedYaml}`)).toEqual(seedConfig);
    expect(await read(`\uFEFF${JSON.stringify(seedConfig)}`, "json")).toEqual(seedConfig);
  });
  test("in UTF-16, as some editors save it", async () => {
    const bytes = Buffer.from(`\uFEFF${seedYaml}`, "utf16le");
    expect(await read(bytes)).toEqual(seedConfig);
    expect(await read(Buffer.from(bytes).swap16())).toEqual(seedConfig);
  });
  test("from JSON with comments and trailing commas", async () => {
    const text = JSON.stringify(seedConfig, null, 2).replace(/\n}$/, ",\n}").replace("{", "{ // a comment\n/* and */");
    expect(await read(text, "json")).toEqual(seedConfig);
    expect(await read(text, "jsonc")).toEqual(seedConfig);
  });
  test("with Windows line ends", async () => expect(await read(seedYaml.replaceAll("\n", "\r\n"))).toEqual(seedConfig));
  test("with anchors and aliases", async () => {
    const config = await read("spec: {name: &n shed, version: *n}");
    expect(config.spec).toMatchObject({ name: "shed", version: "shed" });
  });

  test("with the seed's defaults", async () => {
    expect((await read("spec: {name: a}")).spec).toEqual({
      name: "a",
      version: "0.1.0",
      capabilities: [],
      max_memory_mb: 256,
      max_model_size_mb: 100,
    });
  });

  test.each(["spec: {name: a}", "spec: {name: a}\ndevice: auto"])("with a profiled device: %j", async (text) => {
    expect((await read(text)).device.device_id).toBe("profiled");
  });

  test("with declared properties that override the profile", async () => {
    const { device } = await read("spec: {name: a}\ndevice: {auto: true, memory_mb: 512}");
    expect(device).toEqual({ ...sampleDevice, device_id: "linux-aarch64-4core", memory_mb: 512 });
  });

  test("for this machine if the caller requests it", async () => {
    const file = await save(seedYaml);
    expect((await readConfig(file, { profile, device: "auto" })).device.device_id).toBe("profiled");
  });

  test("with the real profiler by default", async () => {
    const config = await readConfig(await save("spec: {name: a}"));
    expect(config.device.platform).toMatch(/^\w+-\w+$/);
  });

  test("with the position of each part", async () => {
    const file = await save("spec:\n  name: a\n  capabilities: [echo, status-check]\nsession:\n  dir: b\n");
    const { config, placeOf } = await readPlacedConfig(file, { profile });
    expect(config).toEqual(await readConfig(file, { profile }));
    expect(placeOf(["spec", "capabilities", 1])).toEqual({ line: 3, column: 24 });
    expect(placeOf(["session", "dir"])).toEqual({ line: 5, column: 8 });
    // A missing value has the position of its nearest existing parent.
    expect(placeOf(["session", "retention", "max_mb"])).toEqual({ line: 5, column: 3 });
    expect(placeOf(["model_path"])).toEqual({ line: 1, column: 1 });
  });

  test("with paths relative to the file", async () => {
    const config = await read(
      "spec: {name: a}\nmodel_path: models/a.gguf\nskills_dir: ../skills\nsession: {dir: state}\nmodel_root: /models",
    );
    expect(config).toMatchObject({
      model_path: path.join(folder, "models/a.gguf"),
      skills_dir: path.join(path.dirname(folder), "skills"),
      session: { dir: path.join(folder, "state") },
      model_root: "/models",
    });
  });
});

test("resolves the paths of triggers and of certificates for a broker", async () => {
  const text = JSON.stringify({
    spec: { name: "a" },
    session: { dir: "state" },
    triggers: [
      { name: "file", when: { file: { path: "in/*.csv" } }, do: { message: "x" }, then: { file: { path: "out" } } },
      {
        name: "line",
        when: { command: ["x"] },
        do: { message: "x" },
        then: [{ command: ["y"] }, { mqtt: { topic: "t" } }],
      },
    ],
    mqtt: { url: "mqtts://host", tls: { ca_path: "ca.pem" } },
  });
  const { triggers, mqtt } = await read(text, "json");
  expect(mqtt?.tls).toEqual({ ca_path: path.join(folder, "ca.pem") });
  expect(triggers).toMatchObject([
    { when: { file: { path: path.join(folder, "in/*.csv") } }, then: { file: { path: path.join(folder, "out") } } },
    {
      when: { working_directory: folder },
      then: [{ command: ["y"], working_directory: folder }, { mqtt: { topic: "t" } }],
    },
  ]);
});

describe("a file that cannot be read as text", () => {
  test.each([
    ["nothing", "", "it is empty"],
    ["white space", " \n\n", "it is empty"],
    ["half of a UTF-16 pair", Buffer.from("\uFEFFspec: \uD800", "utf16le"), "it is not UTF-16 text"],
    ["binary", Buffer.from([0x47, 0x47, 0x55, 0x46, 0, 1, 2, 3]), "it is binary, not text"],
    [
      "Latin-1",
      Buffer.from("spec: {name: Gr\u00fcn}", "latin1"),
      "it is not UTF-8 text: line 1 has the byte 0xFC, which is ü in Windows-1252",
    ],
    ["10 MB", Buffer.alloc(10 * 2 ** 20, "a"), `it has 10485760 bytes, and at most ${MAX_CONFIG_BYTES} are read`],
  ])("%s", async (_, content, reason) => {
    expect(await refusal(content)).toEqual({
      code: "config-unreadable",
      message: `The config file agent cannot be read: ${reason}.`,
    });
  });

  test("a missing file", async () => {
    await expect(readConfig(path.join(folder, "missing.yaml"))).rejects.toMatchObject({ code: "config-unreadable" });
  });

  test("a folder", async () => {
    await mkdir(path.join(folder, "folder.yaml"));
    await expect(readConfig(path.join(folder, "folder.yaml"))).rejects.toThrow("it is a folder");
  });

  test.skipIf(process.platform === "win32" || process.getuid?.() === 0)("a file without permission", async () => {
    const file = await save(seedYaml);
    await chmod(file, 0);
    await expect(readConfig(file)).rejects.toThrow("permission is denied");
  });

  test.skipIf(process.platform === "win32")("a named pipe, without waiting", async () => {
    const file = path.join(folder, "pipe.yaml");
    execFileSync("mkfifo", [file]);
    await expect(readConfig(file)).rejects.toThrow("it is not a regular file");
  });
});

describe("every issue names its line, column and key, what was expected and the nearest known name", () => {
  const cases: [string, string, string][] = [
    [
      "yaml",
      "spec:\n  name: a\n  max_memry_mb: 5\n",
      'agent:3:3: spec.max_memry_mb: unknown key: did you mean "max_memory_mb"?',
    ],
    [
      "json",
      '{\n  "spec": {"name": "a",\n    "max_memry_mb": 5}}',
      'agent:3:5: spec.max_memry_mb: unknown key: did you mean "max_memory_mb"?',
    ],
    ["yaml", "spec: {name: a}\nenginee: {}", 'agent:2:1: enginee: unknown key: did you mean "engine"?'],
    [
      "yaml",
      "spec: {name: a}\nengine:\n  type: lama",
      'agent:3:9: engine.type: expected "rules" or "llama" or "openai-compatible", found "lama" (a string): did you mean "llama"?',
    ],
    [
      "yaml",
      'spec:\n  name: a\n  max_memory_mb: "256"',
      'agent:3:18: spec.max_memory_mb: expected an integer of at least 1, found "256" (a string): remove the quotes',
    ],
    [
      "json",
      '{"spec": {"name": "a", "max_memory_mb": "256"}}',
      'agent:1:41: spec.max_memory_mb: expected an integer of at least 1, found "256" (a string): remove the quotes',
    ],
    [
      "yaml",
      "spec: {name: a, max_memory_mb: -1}",
      "agent:1:32: spec.max_memory_mb: expected an integer of at least 1, found -1",
    ],
    [
      "yaml",
      "spec: {name: a, max_memory_mb: 1.5}",
      "agent:1:32: spec.max_memory_mb: expected an integer of at least 1, found 1.5",
    ],
    [
      "yaml",
      "spec: {name: a, max_memory_mb: 1e309}",
      "agent:1:32: spec.max_memory_mb: expected an integer of at least 1, found Infinity",
    ],
    [
      "json",
      '{"spec": {"name": "a", "max_memory_mb": 1e309}}',
      "agent:1:41: spec.max_memory_mb: expected an integer of at least 1, found Infinity",
    ],
    [
      "yaml",
      "spec: {name: a, max_memory_mb: .nan}",
      "agent:1:32: spec.max_memory_mb: expected an integer of at least 1, found NaN",
    ],
    [
      "yaml",
      "spec: {name: a, version: 0.1}",
      "agent:1:26: spec.version: expected a string, found 0.1: put it in quotes",
    ],
    ["yaml", "spec:\n  version: '1'", "agent:2:3: spec.name: missing: expected a string that is not empty"],
    ["yaml", "spec: {name: ''}", 'agent:1:14: spec.name: expected a string that is not empty, found "" (a string)'],
    ["yaml", "device: auto", "agent:1:1: spec: missing: expected a map of keys and values"],
    [
      "yaml",
      "spec: {name: a}\ndevice: aut",
      'agent:2:9: device: expected a map of keys and values or "auto", found "aut" (a string): did you mean "auto"?',
    ],
    ["yaml", "- a\n- b", "agent:1:1: expected a map of keys and values, found a list"],
    [
      "yaml",
      "spec: {name: a, capabilities: [a, 5]}",
      "agent:1:35: spec.capabilities.1: expected a string, found 5: put it in quotes",
    ],
    ["yaml", "spec: {name: a}\nspec: {name: b}", 'agent:2:1: duplicate key "spec"'],
    ["json", '{"spec": {"name": "a", "name": "b"}}', 'agent:1:24: duplicate key "name"'],
    [
      "yaml",
      "spec: {name: a}\n---\nspec: {name: b}",
      "agent:2:1: a second YAML document begins here; a config must be a single document",
    ],
    ["json", '{"spec": {"name": NaN}}', "agent:1:19: invalid JSON: invalid symbol"],
    ["json", "{'spec': 1}", "agent:1:2: invalid JSON: invalid symbol"],
  ];
  test.each(cases)("%s %j", async (extension, text, message) => {
    const found = await refusal(text, extension);
    expect(found.code).toBe("invalid-config");
    expect(found.message).toContain(message);
  });

  test.each(["model_path: *.gguf", "model_path: *nope"])("an alias without an anchor: %s", async (line) => {
    expect((await refusal(`spec: {name: a}\n${line}`)).message).toMatch(/^agent:2:13: unknown anchor &/);
  });

  test("a key as long as the file is shortened", async () => {
    expect((await refusal(`spec: {name: a}\n${"k".repeat(100_000)}: 1`)).message.length).toBeLessThan(2000);
  });

  test("tabs", async () => {
    expect((await refusal("spec:\n\tname: a")).message).toMatch(/^agent:2:1: .*tab/i);
  });

  test("several issues, one per line", async () => {
    const { message } = await refusal("spec: {nme: a, max_memory_mb: x}\nfoo: 1");
    expect(message.split("\n")).toEqual([
      "agent has 3 errors:",
      expect.stringContaining("spec.max_memory_mb: expected"),
      expect.stringContaining("spec.nme: unknown key"),
      expect.stringContaining("foo: unknown key"),
    ]);
  });

  test("as data", async () => {
    const file = await save("spec: {name: a}\nenginee: 1");
    await expect(readConfig(file, { profile })).rejects.toMatchObject({
      file,
      issues: [{ line: 2, column: 1, key: "enginee", nearest: "engine" }],
    });
  });
});

describe("a malicious file", () => {
  test.each(["__proto__", "constructor", "toString", "hasOwnProperty"])(
    "the key %s is unknown like any other",
    async (key) => {
      for (const text of [
        `spec: {name: a}\n${key}: {polluted: true}`,
        `spec: {name: a, ${key}: 1}`,
        `spec: {name: a}\nengine: {${key}: {type: rules}}`,
      ]) {
        expect((await refusal(text)).message).toContain(`${key}: unknown key`);
      }
      expect((await refusal(`{"spec": {"name": "a"}, "${key}": {"polluted": true}}`, "json")).message).toContain(
        `${key}: unknown key`,
      );
      expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    },
  );

  test("a bomb of anchors", async () => {
    const levels = "bcdefghi"
      .split("")
      .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${"abcdefghi"[index]}`).join(",")}]`);
    const bomb = `a: &a ["x","x","x","x","x","x","x","x","x"]\n${levels.join("\n")}\n`;
    expect((await refusal(bomb)).code).toBe("invalid-config");
  });

  test("100,000 keys are rejected by their size, and fewer with the first issues", async () => {
    const keys = Array.from({ length: 100_000 }, (_, index) => `k${index}`);
    expect(await refusal(keys.map((key) => `${key}: 1`).join("\n"))).toMatchObject({ code: "config-unreadable" });
    const some = keys.slice(0, 15_000);
    const yaml = await refusal(some.map((key) => `${key}: 1`).join("\n"));
    const json = await refusal(`{${some.map((key) => `"${key}": 1`).join(",")}}`, "json");
    for (const { code, message } of [yaml, json]) {
      expect(code).toBe("invalid-config");
      expect(message.split("\n").length).toBeLessThan(30);
    }
  });

  test.each([
    ["yaml", "[".repeat(MAX_CONFIG_BYTES)],
    ["yaml", "{a: ".repeat(MAX_CONFIG_BYTES / 4)],
    ["yaml", "- ".repeat(MAX_CONFIG_BYTES / 2)],
    ["yaml", "? ".repeat(MAX_CONFIG_BYTES / 2)],
    ["yaml", Array.from({ length: 700 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n")],
    ["yaml", `spec: ${"[".repeat(5000)}${"]".repeat(5000)}`],
    ["yaml", "a: ".repeat(MAX_CONFIG_BYTES / 3)],
    ["yaml", "&a ".repeat(MAX_CONFIG_BYTES / 3)],
    ["yaml", "!!js/function 'x'"],
    ["json", "[".repeat(MAX_CONFIG_BYTES)],
    ["json", '{"a":'.repeat(MAX_CONFIG_BYTES / 5)],
    ["json", `{"spec": ${"[".repeat(100_000)}${"]".repeat(100_000)}}`],
  ])("%s with deep nesting or other extremes: %.20s", async (extension, text) => {
    expect((await refusal(text, extension)).code).toBe("invalid-config");
  });

  test("a deeply nested file is rejected every time", async () => {
    for (const text of ["- ".repeat(1200), "? ".repeat(1200), "[".repeat(1200), "{a: ".repeat(1200)]) {
      for (let time = 0; time < 3; time++) expect((await refusal(text)).message).toContain("nested too deeply");
    }
    expect((await refusal(`{"spec": ${"[".repeat(200)}${"]".repeat(200)}}`, "json")).message).toContain(
      "nested too deeply",
    );
    expect((await refusal(`spec: ${"[".repeat(50)}${"]".repeat(50)}`)).message).not.toContain("nested too deeply");
  });

  test("any text results in a config or an InvalidConfigError", async () => {
    const pieces = fc.constantFrom(
      "spec",
      "name",
      ":",
      " ",
      "\n",
      "  ",
      "- ",
      "{",
      "}",
      "[",
      "]",
      ",",
      '"',
      "'",
      "&a",
      "*a",
      "!!",
      "|",
      ">",
      "?",
      "#",
      "%",
      "---",
      "...",
      "0x1",
      ".inf",
      "~",
      "null",
      "<<",
      "\t",
      "é",
      "\u2028",
    );
    const text = fc.oneof(
      fc.array(pieces, { maxLength: 40 }).map((parts) => parts.join("")),
      fc.string(),
      fc.json(),
    );
    await fc.assert(
      fc.asyncProperty(text, fc.constantFrom("yaml", "json"), async (content, extension) => {
        const result = await read(content, extension).catch((error) => error);
        expect(result instanceof InvalidConfigError || typeof result.spec.name === "string").toBe(true);
      }),
    );
  });
});
