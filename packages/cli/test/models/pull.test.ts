import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { type HubMirror, startHubMirror, startOllamaMirror } from "@nanoagent/hub/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Device, filesIn, linesOf } from "./device.js";
import { fileOf, sha256, TINY, tinyFiles } from "./tiny-models.js";

let mirror: HubMirror;
let device: Device;

beforeAll(async () => {
  mirror = await startHubMirror({
    repositories: {
      [TINY]: { files: tinyFiles, license: "apache-2.0" },
      "org/old-GGUF": { files: {}, renamedTo: TINY },
      "org/weights": { files: { "model.safetensors": Buffer.from("{}") } },
    },
  });
});
afterAll(() => mirror.close());
beforeEach(() => {
  device = new Device({ HF_ENDPOINT: mirror.url });
});

const q4 = fileOf("tiny-Q4_0.gguf");

describe("the name of a model", () => {
  test.each([
    `${TINY}:Q4_0`,
    `${TINY}:q4_0`,
    `hub:${TINY}:Q4_0`,
    `hf.co/${TINY}:Q4_0`,
    `hf:${TINY}:Q4_0`,
    `https://huggingface.co/${TINY}/blob/main/tiny-Q4_0.gguf`,
    `https://huggingface.co/${TINY}/resolve/main/tiny-Q4_0.gguf?download=true`,
    `https://hf.co/${TINY}?show_file_info=tiny-Q4_0.gguf`,
    "org/old-GGUF:Q4_0",
  ])("%s", async (name) => {
    const { exitCode, stdout, stderr } = await device.models("pull", name);
    expect(exitCode, stderr).toBe(0);
    // The path alone is on standard output.
    expect(stdout).toMatch(/^\/[^\n]+tiny-Q4_0\.gguf\n$/);
    expect(readFileSync(stdout.trim()).equals(q4)).toBe(true);
    expect(stderr).toContain(`To talk to it:\n  nanoagent run --model ${TINY}:Q4_0\n`);
    expect(stderr).toContain(`Verified SHA-256 ${sha256(q4).slice(0, 16)}… (license apache-2.0).`);
    expect(stderr.includes("org/old-GGUF is now named org/tiny-GGUF.")).toBe(name.startsWith("org/old"));
    expect((await device.models("path", `${TINY}:Q4_0`)).stdout).toBe(stdout);
  });

  test("may be the address of a page of the mirror", async () => {
    const { stdout, stderr } = await device.models("pull", `${mirror.url}/${TINY}/blob/main/tiny-Q8_0.gguf`);
    expect(path.basename(stdout.trim()), stderr).toBe("tiny-Q8_0.gguf");
  });

  test("may be a plain address, without a hash", async () => {
    const { exitCode, stdout, stderr } = await device.models("pull", `${mirror.cdnUrl}/plain/${TINY}/tiny-Q4_0.gguf`);
    expect([exitCode, stdout], stderr).toEqual([
      0,
      `${device.at("data", "nanoagent", "models", "files", "tiny-Q4_0.gguf")}\n`,
    ]);
    expect(stderr).toContain(`The source has no hash to compare with; recorded SHA-256 ${sha256(q4).slice(0, 16)}…`);
    const { models } = await device.json<{ models: object[] }>("models", "list");
    expect(models).toMatchObject([
      { name: "tiny-Q4_0", source: "address", sha256: sha256(q4), repository: null, revision: null, verified: true },
    ]);
    expect((await device.models("path", "tiny-Q4_0")).stdout).toBe(stdout);
  });

  test("may be one of Ollama", async () => {
    const ollama = await startOllamaMirror({
      models: { "library/tiny:0.1b": { gguf: q4, license: "MIT License\n\nCopyright", fileType: "Q4_0" } },
    });
    device.environment.NANOAGENT_OLLAMA_REGISTRY = ollama.url;
    const pulled = await device.models("pull", "ollama:tiny:0.1b", "--json");
    const missing = await device.models("pull", "ollama:tiny:9b");
    await ollama.close();
    expect(pulled.exitCode, pulled.stderr).toBe(0);
    expect(linesOf(pulled.stdout).at(-1)).toMatchObject({
      type: "done",
      name: "ollama:tiny:0.1b",
      bytes: q4.length,
      sha256: sha256(q4),
      downloaded_bytes: q4.length,
    });
    expect((await device.models("path", "ollama:tiny:0.1b")).stdout.trim()).toBe(linesOf(pulled.stdout).at(-1).path);
    // Ollama's own store is not written.
    expect(() => filesIn(device.at("ollama"))).toThrow("ENOENT");
    expect([missing.exitCode, missing.stdout]).toEqual([1, ""]);
    expect(missing.stderr).toMatch(/^error: /m);
  });

  test.each([
    ["", "is empty."],
    ["..", "path of a file"],
    ["../tiny", "path of a file"],
    ["org/..", "is not the name of a model"],
    ["org/repo/../..", "is not the name of a model"],
    ["hf.co/../../etc", "is not the name of a model"],
    ["ollama:../x", "is not the name of a model"],
    ["./tiny.gguf", "nanoagent models import FILE"],
    ["/tmp/tiny.gguf", "nanoagent models import FILE"],
    ["file:///tmp/tiny.gguf", "nanoagent models import FILE"],
    ["tiny.gguf", "nanoagent models import FILE"],
    ["org/repo:", "is not the name of a model"],
    ["org/repo:Q4:K", "is not the name of a model"],
    ["org//repo", "is not the name of a model"],
    ["org/re po", "contains a space"],
    ["org/repo\u202e", "invisible"],
    ["tiny:latest", "ollama:tiny:latest"],
    ["ftp://example.org/x.gguf", "Models cannot be downloaded by ftp."],
    ["https://user:secret@example.org/x.gguf", "…@example.org"],
    ["https://example.org/page.html", ".gguf"],
  ])("that is malformed has exit code 2: %j", async (name, words) => {
    const { exitCode, stdout, stderr } = await device.models("pull", name);
    expect([exitCode, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(words);
    expect(stderr).not.toContain("secret");
    expect(mirror.requests.filter(({ url }) => url.includes("etc"))).toEqual([]);
  });

  test("of one word that the catalogue does not have is answered with the nearest", async () => {
    const { exitCode, stderr } = await device.models("pull", "qwen3-0.6");
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/qwen3-0\.6b/);
  });

  test("that is missing has exit code 1", async () => {
    const { exitCode, stdout, stderr } = await device.models("pull", "org/nothing");
    expect([exitCode, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("It does not exist, or it is private.");
    const other = await device.models("pull", "org/weights");
    expect([other.exitCode, other.stdout]).toEqual([1, ""]);
    expect(other.stderr).toContain("Its weights are in safetensors.");
  });
});

describe("pull", () => {
  test("prints one line of JSON for each event", async () => {
    const { exitCode, stdout, stderr } = await device.models("pull", `${TINY}:Q4_0`, "--json");
    expect(exitCode, stderr).toBe(0);
    const lines = linesOf(stdout);
    expect(Object.keys(lines[0])).toEqual(["type", "choices"]);
    for (const choice of lines[0].choices) {
      expect(Object.keys(choice)).toEqual(["file", "quantization", "download_bytes", "fits", "plan"]);
    }
    const sizes = lines[0].choices.map((choice: Record<string, unknown>) => [
      choice.file,
      choice.quantization,
      choice.download_bytes,
      choice.fits,
    ]);
    const parts = ["F16/tiny-F16-00001-of-00002.gguf", "F16/tiny-F16-00002-of-00002.gguf"];
    expect(sizes.sort()).toEqual([
      [parts[0], "F16", parts.reduce((sum, part) => sum + fileOf(part).length, 0), true],
      ["tiny-Q4_0.gguf", "Q4_0", q4.length, true],
      ["tiny-Q8_0.gguf", "Q8_0", fileOf("tiny-Q8_0.gguf").length, true],
    ]);
    const progress = lines.slice(1, -1);
    expect(progress.length).toBeGreaterThan(0);
    for (const line of progress) {
      expect(Object.keys(line)).toEqual(["type", "received_bytes", "total_bytes", "bytes_per_second", "seconds_left"]);
      expect(line).toMatchObject({ type: "progress", total_bytes: q4.length });
    }
    expect(progress.at(-1).received_bytes).toBe(q4.length);
    expect(lines.at(-1)).toEqual({
      type: "done",
      name: `${TINY}:Q4_0`,
      path: (await device.models("path", `${TINY}:Q4_0`)).stdout.trim(),
      bytes: q4.length,
      sha256: sha256(q4),
      license: "apache-2.0",
      downloaded_bytes: q4.length,
    });
  });

  test("writes what Hugging Face's client reads, and downloads nothing twice", async () => {
    await device.models("pull", `${TINY}:Q4_0`);
    const files = filesIn(device.cacheOf(TINY));
    const commit = readFileSync(path.join(device.cacheOf(TINY), "refs", "main"), "utf8");
    expect(commit).toMatch(/^[0-9a-f]{40}$/);
    const license = fileOf("LICENSE");
    const blob = createHash("sha1").update(`blob ${license.length}\0`).update(license).digest("hex");
    expect(files.filter((file) => file.startsWith("blobs/"))).toEqual(
      [`blobs/${blob}`, `blobs/${sha256(q4)}`].sort((one, other) => (one < other ? -1 : 1)),
    );
    expect(files.filter((file) => !file.startsWith("blobs/"))).toEqual([
      "refs/main",
      `snapshots/${commit}/LICENSE`,
      `snapshots/${commit}/tiny-Q4_0.gguf`,
    ]);
    const before = mirror.requests.length;
    const again = await device.models("pull", `${TINY}:Q4_0`, "--json");
    expect(linesOf(again.stdout).at(-1)).toMatchObject({ type: "done", downloaded_bytes: 0 });
    expect(mirror.requests.length).toBeGreaterThan(before);
  });

  test("shows all quantizations on standard error, and takes the best that fits", async () => {
    const { stdout, stderr } = await device.models("pull", TINY, "--budget-mb", "300");
    expect(stderr).toMatch(/org\/tiny-GGUF within \d+ MB/);
    for (const label of ["Q4_0", "Q8_0", "F16"]) expect(stderr).toMatch(new RegExp(`^\\d  ${label} `, "m"));
    expect(stderr).toContain("note: Left out mmproj-tiny-F16.gguf: ");
    const best = /^Best: (\S+)\.$/m.exec(stderr)?.[1];
    expect(path.basename(stdout.trim())).toContain(`tiny-${best}`);
  });

  test("stops after the choices in a dry run", async () => {
    const shown = await device.models("pull", TINY, "--dry-run");
    expect([shown.exitCode, shown.stderr.includes("Q4_0"), shown.stdout.includes("Q4_0")]).toEqual([0, false, true]);
    const { exitCode, stdout } = await device.models("pull", TINY, "--dry-run", "--json");
    expect([exitCode, linesOf(stdout).map(({ type }) => type)]).toEqual([0, ["choices"]]);
    expect(() => filesIn(device.at("hugging-face"))).toThrow("ENOENT");
  });

  test("takes the quantization of --quant, all parts of it", async () => {
    const { stdout, stderr } = await device.models("pull", TINY, "--quant", "f16", "--json");
    const parts = Object.keys(tinyFiles).filter((file) => file.startsWith("F16/"));
    const done = linesOf(stdout).at(-1);
    expect(done, stderr).toMatchObject({
      name: `${TINY}:F16`,
      bytes: parts.reduce((sum, part) => sum + fileOf(part).length, 0),
      sha256: sha256(fileOf("F16/tiny-F16-00001-of-00002.gguf")),
    });
    const [first = "", second = ""] = parts.map((part) => path.join(path.dirname(done.path), path.basename(part)));
    expect(done.path).toBe(first);
    expect(readFileSync(second).equals(fileOf("F16/tiny-F16-00002-of-00002.gguf"))).toBe(true);
  });

  test.each([[[TINY, "--quant", "Q2_K"]], [[`${TINY}:Q2_K`]], [[`${TINY}:Q2_K`, "--dry-run"]]])(
    "lists the quantizations that are there: %j",
    async (args) => {
      const { exitCode, stderr } = await device.models("pull", ...args);
      expect(exitCode).toBe(2);
      for (const label of ["Q4_0", "Q8_0", "F16"]) expect(stderr).toMatch(new RegExp(`error: [^]*${label}`));
      expect(() => filesIn(device.at("hugging-face"))).toThrow("ENOENT");
    },
  );

  test("refuses a model that is too large before the download, and --force overrides", async () => {
    const refused = await device.models("pull", `${TINY}:Q8_0`, "--budget-mb", "41");
    expect([refused.exitCode, refused.stdout]).toEqual([3, ""]);
    expect(() => filesIn(device.at("hugging-face"))).toThrow("ENOENT");
    const forced = await device.models("pull", `${TINY}:Q8_0`, "--budget-mb", "41", "--force");
    expect(forced.exitCode, forced.stderr).toBe(0);
    expect(path.basename(forced.stdout.trim())).toBe("tiny-Q8_0.gguf");
  });
});
