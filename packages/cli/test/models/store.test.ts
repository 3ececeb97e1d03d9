import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { type HubMirror, startHubMirror } from "@nanoagent/hub/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Device, filesIn } from "./device.js";
import { fileOf, sha256, TINY, tinyFiles } from "./tiny-models.js";

interface Listed {
  name: string;
  path: string;
  source: string;
  verified: boolean;
}

const q4 = fileOf("tiny-Q4_0.gguf");
const COMMIT = "0123456789abcdef0123456789abcdef01234567";
let mirror: HubMirror;
let device: Device;

beforeAll(async () => {
  mirror = await startHubMirror({ repositories: { [TINY]: { files: tinyFiles, license: "apache-2.0" } } });
});
afterAll(() => mirror.close());
beforeEach(() => {
  device = new Device({ HF_ENDPOINT: mirror.url });
});

const list = async () => (await device.json<{ models: Listed[] }>("models", "list")).models;
const pullQ4 = () => device.models("pull", `${TINY}:Q4_0`);

/** Puts a file where Hugging Face's client would put it. */
function otherClientsFile(contents: Buffer, { blob = sha256(contents), name = "other-Q4_0.gguf" } = {}): string {
  const file = device.write(`hugging-face/hub/models--org--other-GGUF/blobs/${blob}`, contents);
  device.write("hugging-face/hub/models--org--other-GGUF/refs/main", COMMIT);
  const link = device.at("hugging-face/hub/models--org--other-GGUF/snapshots", COMMIT, name);
  mkdirSync(path.dirname(link), { recursive: true });
  symlinkSync(path.relative(path.dirname(link), file), link);
  return link;
}

/** Puts a model where Ollama would put it. */
function ollamaFile(contents: Buffer): string {
  const layer = {
    mediaType: "application/vnd.ollama.image.model",
    digest: `sha256:${sha256(contents)}`,
    size: contents.length,
  };
  device.write(
    "ollama/manifests/registry.ollama.ai/library/tiny/latest",
    JSON.stringify({ schemaVersion: 2, layers: [layer] }),
  );
  return device.write(`ollama/blobs/sha256-${sha256(contents)}`, contents);
}

function lmStudioFile(contents: Buffer): string {
  return device.write("home/.lmstudio/models/org/studio-GGUF/studio-Q8_0.gguf", contents);
}

describe("list", () => {
  test("of an empty device says how to begin", async () => {
    const { exitCode, stdout } = await device.models("list");
    expect([exitCode, stdout]).toEqual([
      0,
      "This device has no models. nanoagent models recommend lists those that fit it.\n",
    ]);
    expect(await list()).toEqual([]);
  });

  test("has the facts of a model in the order that scripts read", async () => {
    await pullQ4();
    const [model] = await list();
    expect(Object.keys(model ?? {})).toEqual([
      "name",
      "path",
      "bytes",
      "sha256",
      "source",
      "repository",
      "revision",
      "quantization",
      "license",
      "verified",
    ]);
    expect(model).toEqual({
      name: `${TINY}:Q4_0`,
      path: (await device.models("path", TINY)).stdout.trim(),
      bytes: q4.length,
      sha256: sha256(q4),
      source: "huggingface",
      repository: TINY,
      revision: expect.stringMatching(/^[0-9a-f]{40}$/),
      quantization: "Q4_0",
      license: "apache-2.0",
      verified: true,
    });
    expect(await device.json("models", "show", TINY)).toEqual(model);
    expect((await device.models("show", TINY)).stdout).toContain("apache-2.0");
    expect((await device.models("list")).stdout).toMatch(/org\/tiny-GGUF:Q4_0 .*Hugging Face .*verified/);
  });

  test("has the models of other programs, which are used in place", async () => {
    const files = [otherClientsFile(q4), ollamaFile(fileOf("tiny-Q8_0.gguf")), lmStudioFile(fileOf("tiny-Q8_0.gguf"))];
    const before = filesIn(device.folder);
    const models = await list();
    expect(models.map(({ name, source, verified }) => [name, source, verified])).toEqual([
      ["ollama:tiny", "ollama", false],
      ["org/other-GGUF:Q4_0", "huggingface", false],
      ["org/studio-GGUF:Q8_0", "lm-studio", false],
    ]);
    expect(models.map((model) => model.path).sort()).toEqual(files.sort());
    expect(filesIn(device.folder)).toEqual(before);
    for (const { name, path: file } of models) {
      expect((await device.models("path", name)).stdout).toBe(`${file}\n`);
    }
    expect((await list()).every(({ verified }) => verified)).toBe(true);
    // Verifying writes nothing but the stamps.
    expect(filesIn(device.folder).filter((file) => !before.includes(file) && !file.startsWith("state"))).toEqual([]);
  });
});

describe("a model of another program", () => {
  test("with wrong bytes is refused before its first use", async () => {
    otherClientsFile(q4, { blob: sha256(fileOf("tiny-Q8_0.gguf")) });
    for (const args of [
      ["models", "path", "org/other-GGUF"],
      ["run", "--model", "org/other-GGUF", "--once", "hello"],
      ["optimize", "--model", "org/other-GGUF"],
    ]) {
      const { exitCode, stdout, stderr } = await device.run(args);
      expect([exitCode, stdout], stderr).toEqual([1, ""]);
      expect(stderr).toMatch(/SHA-256/);
    }
    expect((await device.models("verify")).exitCode).toBe(1);
    expect(await list()).toMatchObject([{ verified: false }]);
  });

  test("is unverified again when it changes", async () => {
    const file = otherClientsFile(q4);
    expect((await device.models("path", "org/other-GGUF")).exitCode).toBe(0);
    const changed = Buffer.from(q4);
    changed.writeUInt8(changed.readUInt8(q4.length - 1) ^ 255, q4.length - 1);
    writeFileSync(file, changed);
    expect(await list()).toMatchObject([{ verified: false }]);
    expect((await device.models("path", "org/other-GGUF")).exitCode).toBe(1);
  });

  test("is never removed", async () => {
    const files = [otherClientsFile(q4), ollamaFile(q4), lmStudioFile(q4)];
    await pullQ4();
    for (const name of ["org/other-GGUF", "ollama:tiny", "org/studio-GGUF"]) {
      // It stays another program's also after it was verified.
      expect((await device.models("path", name)).exitCode).toBe(0);
      const { exitCode, stdout, stderr } = await device.models("rm", name);
      expect([exitCode, stdout]).toEqual([1, ""]);
      expect(stderr).toContain("may still use it.");
    }
    expect((await device.models("prune")).exitCode).toBe(0);
    for (const file of files) expect(readFileSync(file).equals(q4)).toBe(true);
    expect(await list()).toHaveLength(4);
  });

  test("is not downloaded again, and stays the other program's after a pull", async () => {
    const from = new Device({ HF_ENDPOINT: mirror.url });
    await from.models("pull", `${TINY}:Q4_0`);
    mkdirSync(path.dirname(device.cacheOf(TINY)), { recursive: true });
    copyTree(from.cacheOf(TINY), device.cacheOf(TINY));
    const { exitCode, stdout } = await device.models("pull", `${TINY}:Q4_0`, "--json");
    expect([exitCode, JSON.parse(stdout.trim().split("\n").at(-1) ?? "")]).toMatchObject([0, { downloaded_bytes: 0 }]);
    expect((await device.models("rm", `${TINY}:Q4_0`)).exitCode).toBe(1);
    expect(filesIn(device.cacheOf(TINY))).toEqual(filesIn(from.cacheOf(TINY)));
  });
});

/** Copies the files of a cache, with links as links. */
function copyTree(from: string, to: string): void {
  for (const file of filesIn(from)) {
    const target = path.join(to, file);
    mkdirSync(path.dirname(target), { recursive: true });
    if (file.startsWith("snapshots")) symlinkSync(path.relative(path.dirname(file), blobOf(from, file)), target);
    else copyFileSync(path.join(from, file), target);
  }
}

function blobOf(folder: string, file: string): string {
  const contents = readFileSync(path.join(folder, file));
  const blob = filesIn(path.join(folder, "blobs")).find((name) =>
    readFileSync(path.join(folder, "blobs", name)).equals(contents),
  );
  return path.join("blobs", blob ?? "");
}

describe("verify", () => {
  test("reads what is here, and says what is wrong", async () => {
    await pullQ4();
    await device.models("pull", `${TINY}:Q8_0`);
    const right = await device.models("verify");
    expect([right.exitCode, right.stdout]).toEqual([0, `${TINY}:Q4_0: verified\n${TINY}:Q8_0: verified\n`]);
    const file = (await device.models("path", `${TINY}:Q8_0`)).stdout.trim();
    writeFileSync(file, Buffer.alloc(fileOf("tiny-Q8_0.gguf").length, 7));
    const wrong = await device.run(["models", "verify", "--json"]);
    expect(wrong.exitCode).toBe(1);
    expect(JSON.parse(wrong.stdout).models).toMatchObject([
      { name: `${TINY}:Q4_0`, result: "right", error: null },
      { name: `${TINY}:Q8_0`, result: "wrong", error: { code: "download-damaged" } },
    ]);
    // A pull mends it.
    expect((await device.models("pull", `${TINY}:Q8_0`)).exitCode).toBe(0);
    expect((await device.models("verify", `${TINY}:Q8_0`)).exitCode).toBe(0);
  });

  test("takes back its word after bit rot, which neither size nor time shows", async () => {
    const file = (await pullQ4()).stdout.trim();
    // A time of whole seconds can be restored.
    utimesSync(file, 1_000_000, 1_000_000);
    expect((await device.models("path", TINY)).exitCode).toBe(0);
    const rotten = Buffer.from(q4);
    rotten.writeUInt8(rotten.readUInt8(q4.length - 1) ^ 1, q4.length - 1);
    writeFileSync(file, rotten);
    utimesSync(file, 1_000_000, 1_000_000);
    expect(await list()).toMatchObject([{ verified: true }]);
    expect((await device.models("verify")).exitCode).toBe(1);
    expect(await list()).toMatchObject([{ verified: false }]);
    const path = await device.models("path", TINY);
    expect([path.exitCode, path.stdout, path.stderr]).toEqual([1, "", expect.stringContaining("is damaged")]);
    const { exitCode, stdout, stderr } = await device.models("pull", `${TINY}:Q4_0`, "--json");
    expect(exitCode, stderr).toBe(0);
    expect(JSON.parse(stdout.trim().split("\n").at(-1) ?? "")).toMatchObject({ downloaded_bytes: q4.length });
    expect(readFileSync(file).equals(q4)).toBe(true);
    expect(await list()).toMatchObject([{ verified: true }]);
    expect((await device.models("rm", TINY)).exitCode).toBe(0);
  });
});

describe("rm", () => {
  test("removes a model, and all that only it uses", async () => {
    await pullQ4();
    await device.models("pull", `${TINY}:F16`);
    const { exitCode, stdout } = await device.run(["models", "rm", `${TINY}:F16`, "--json"]);
    expect([exitCode, JSON.parse(stdout)]).toMatchObject([
      0,
      { name: `${TINY}:F16`, removed: expect.any(Array), freed_bytes: expect.any(Number) },
    ]);
    expect(await list()).toMatchObject([{ name: `${TINY}:Q4_0` }]);
    expect((await device.models("rm", TINY)).stdout).toMatch(
      /^Removed org\/tiny-GGUF:Q4_0: [\d.]+ MB are free again\.\n$/,
    );
    expect(await list()).toEqual([]);
    expect(existsSync(device.cacheOf(TINY))).toBe(false);
    const again = await device.models("rm", TINY);
    expect([again.exitCode, again.stdout]).toEqual([2, ""]);
    expect(again.stderr).toContain(`nanoagent models pull ${TINY}`);
  });

  test("without a record says so, and names the folder to delete", async () => {
    await pullQ4();
    rmSync(device.at("state", "nanoagent", "models.json"));
    const { exitCode, stdout, stderr } = await device.models("rm", TINY);
    expect([exitCode, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("nanoagent has no record of having put it there");
    expect(stderr).toContain(`Delete the folder ${device.cacheOf(TINY)},`);
    expect(await list()).toHaveLength(1);
  });

  test.each(["..", "../..", "org/..", "/", "hub:../x", "ollama:.."])("refuses %s", async (name) => {
    await pullQ4();
    expect((await device.models("rm", name)).exitCode).toBe(2);
    expect(await list()).toHaveLength(1);
  });
});

describe("a name without a model", () => {
  test.each(["show", "path", "verify", "rm", "export"])("%s says how to get it", async (action) => {
    const more = action === "export" ? ["--output", device.at("x.tar")] : [];
    const { exitCode, stdout, stderr } = await device.models(action, TINY, ...more);
    expect([exitCode, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(`nanoagent models pull ${TINY}`);
    const word = await device.models(action, "nothing-like-this", ...more);
    expect(word.exitCode).toBe(2);
    const file = await device.models(action, "./tiny.gguf", ...more);
    expect([file.exitCode, file.stderr]).toEqual([2, expect.stringContaining("models import FILE")]);
  });

  test("of several quantizations lists them", async () => {
    await pullQ4();
    await device.models("pull", `${TINY}:Q8_0`);
    const { exitCode, stderr } = await device.models("path", TINY);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(`${TINY}:Q4_0, ${TINY}:Q8_0`)]);
  });
});

describe("export and import", () => {
  test.each(["Q4_0", "F16"])("bring a model to a device without a network: %s", async (label) => {
    await device.models("pull", `${TINY}:${label}`);
    const file = device.at("model.tar");
    const written = await device.models("export", `${TINY}:${label}`, "--output", file);
    expect([written.exitCode, written.stdout]).toEqual([0, `${file}\n`]);
    const other = new Device({ HF_HUB_OFFLINE: "1" });
    const imported = await other.models("import", file);
    expect(imported.exitCode, imported.stderr).toBe(0);
    expect(imported.stderr).toContain(`nanoagent run --model ${TINY}:${label}`);
    const [here] = await list();
    const [there] = (await other.json<{ models: Listed[] }>("models", "list")).models;
    expect(there).toEqual({ ...here, path: imported.stdout.trim() });
    expect((await other.models("path", TINY)).stdout).toBe(imported.stdout);
    expect((await other.models("pull", `${TINY}:${label}`)).stdout).toBe(imported.stdout);
    expect((await other.models("rm", TINY)).exitCode).toBe(0);
    expect(filesIn(other.folder).filter((name) => !name.startsWith("state"))).toEqual([]);
  });

  test("refuse a damaged file, and leave nothing behind", async () => {
    await pullQ4();
    const file = device.at("model.tar");
    await device.models("export", TINY, "--output", file);
    const whole = readFileSync(file);
    const other = new Device();
    const flipped = Buffer.from(whole);
    flipped.writeUInt8(flipped.readUInt8(whole.length >> 1) ^ 1, whole.length >> 1);
    for (const damaged of [
      flipped,
      whole.subarray(0, whole.length >> 1),
      Buffer.from("not a bundle"),
      Buffer.alloc(0),
    ]) {
      const { exitCode, stdout, stderr } = await other.models("import", other.write("damaged.tar", damaged));
      expect([exitCode, stdout], stderr).toEqual([1, ""]);
      expect(stderr).toMatch(/^error: .+\n {2}why: .+/m);
    }
    expect((await other.json<{ models: Listed[] }>("models", "list")).models).toEqual([]);
    expect(filesIn(other.folder).filter((name) => !name.startsWith("state"))).toEqual(["damaged.tar"]);
  });

  test("take a GGUF file, under its own name", async () => {
    const file = device.write("home/my-model.gguf", q4);
    const model = await device.json<Listed>("models", "import", file);
    expect(model).toMatchObject({ name: "my-model", source: "import", verified: true });
    rmSync(file);
    expect((await device.models("path", "my-model")).stdout).toBe(`${model.path}\n`);
    const near = await device.models("path", "my-modle");
    expect([near.exitCode, near.stderr]).toEqual([2, expect.stringContaining("my-model")]);
    truncateSync(model.path, 100);
    expect((await device.models("verify", "my-model")).exitCode).toBe(1);
    expect((await device.models("rm", "my-model")).exitCode).toBe(0);
    const missing = await device.models("import", file);
    expect([missing.exitCode, missing.stdout]).toEqual([1, ""]);
    expect(missing.stderr).toContain(`File not found: ${file}.`);
  });

  test("refuse a GGUF file that is cut off", async () => {
    const { exitCode, stdout, stderr } = await device.models(
      "import",
      device.write("home/cut.gguf", q4.subarray(0, q4.length >> 1)),
    );
    expect([exitCode, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^error: .*cut\.gguf .+\n {2}why: .+\n {2}do: .+/m);
    expect(await list()).toEqual([]);
  });

  test("need a file to write, and overwrite none", async () => {
    await pullQ4();
    expect((await device.models("export", TINY)).exitCode).toBe(2);
    const toOutput = await device.models("export", TINY, "--output", "-");
    expect([toOutput.exitCode, toOutput.stdout]).toEqual([2, ""]);
    expect(toOutput.stderr).toContain("--output model.tar");
    expect(existsSync(device.at("home", "-"))).toBe(false);
    const mine = device.write("mine.tar", "mine");
    expect((await device.models("export", TINY, "--output", mine)).exitCode).not.toBe(0);
    expect(readFileSync(mine, "utf8")).toBe("mine");
  });
});
