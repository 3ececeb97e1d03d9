import { execFileSync, spawnSync } from "node:child_process";
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type BundleManifest, manifestHash, parseBundleManifest } from "../../src/bundles/bundle-manifest.js";
import { exportModel } from "../../src/bundles/export-model.js";
import { importModel } from "../../src/bundles/import-model.js";
import { namedModelPath } from "../../src/caches/own-models.js";
import { listModels } from "../../src/store/list-models.js";
import { pruneStore } from "../../src/store/prune-store.js";
import { removeModel } from "../../src/store/remove-model.js";
import { resolveModel } from "../../src/store/resolve-model.js";
import {
  COMMIT,
  cacheFile,
  errorOf,
  gguf,
  noise,
  ollamaModel,
  sha256,
  temporaryFolder,
  temporaryStore,
  tree,
  weights,
  write,
} from "../store/store-fixture.js";
import { type HandMadeEntry, tarArchive } from "./tar-archive.js";

const bundlePath = () => path.join(temporaryFolder(), "model.nanoagent");

test("a model of the hub works on another device, offline, by the same name", async () => {
  const from = temporaryStore();
  cacheFile(from, { path: "sub/tiny-Q4_K_M.gguf", bytes: noise(3_000_000) });
  cacheFile(from, { path: "LICENSE", bytes: Buffer.from("Apache"), blob: "c".repeat(40) });
  const output = bundlePath();
  const exported = await exportModel("org/tiny-GGUF", from, { output });
  expect(exported).toMatchObject({ path: output, bytes: statSync(output).size });
  const listed = execFileSync("tar", ["tf", output]).toString().trim().split("\n");
  expect(listed).toEqual(["manifest.json", "manifest.json.sha256", "license/LICENSE", "model/sub/tiny-Q4_K_M.gguf"]);

  const to = temporaryStore();
  const { model, notices } = await importModel(output, to);
  expect(notices).toEqual([]);
  const original = (await listModels(from)).models[0];
  expect(model).toEqual({ ...original, path: original?.path.replace(from.home, to.home) });
  expect(await resolveModel("org/tiny-GGUF:Q4_K_M", to)).toEqual(model);
  const folder = path.join(to.hubCache, "models--org--tiny-GGUF");
  expect(readFileSync(path.join(folder, "refs/main"), "utf8")).toBe(COMMIT);
  expect(readFileSync(path.join(folder, `snapshots/${COMMIT}/LICENSE`), "utf8")).toBe("Apache");
  expect((await importModel(output, to)).notices).toEqual(["org/tiny-GGUF:Q4_K_M is already here."]);
  await removeModel("org/tiny-GGUF", to);
  expect(tree(to.hubCache)).toEqual([]);
});

test("an import does not move a branch that is known here", async () => {
  const from = temporaryStore();
  cacheFile(from);
  const output = bundlePath();
  await exportModel("org/tiny-GGUF", from, { output });
  const to = temporaryStore();
  const main = write(path.join(to.hubCache, "models--org--tiny-GGUF/refs/main"), "f".repeat(40));
  await importModel(output, to);
  expect(readFileSync(main, "utf8")).toBe("f".repeat(40));
  expect(await resolveModel("org/tiny-GGUF:Q4_K_M", to)).toMatchObject({ revision: COMMIT });
});

test("models of Ollama, of LM Studio and imported ones go to the models folder", async () => {
  const from = temporaryStore();
  ollamaModel(from.ollamaStores[0] ?? "", "registry.ollama.ai/library/tiny/1b", weights(1), { license: "MIT" });
  write(path.join(from.lmStudioFolders[0] ?? "", "org/s/s-Q4_0.gguf"), weights(2));
  write(namedModelPath(from, "mine"), weights(3));
  for (const number of [1, 2]) write(namedModelPath(from, "big-Q8_0", { number, count: 2 }), weights(`b${number}`));
  const to = temporaryStore();
  const names: string[] = [];
  for (const name of ["ollama:tiny:1b", "org/s", "mine", "big-Q8_0"]) {
    const output = bundlePath();
    await exportModel(name, from, { output });
    names.push((await importModel(output, to)).model.name);
  }
  expect(names).toEqual(["ollama:tiny:1b", "s-Q4_0", "mine", "big-Q8_0"]);
  expect(tree(to.modelsFolder)).toEqual([
    "files/big-Q8_0/big-Q8_0-00001-of-00002.gguf",
    "files/big-Q8_0/big-Q8_0-00002-of-00002.gguf",
    "files/mine.gguf",
    "files/s-Q4_0.gguf",
    "licenses/ollama-tiny-1b/LICENSE",
    "ollama/library/tiny/1b.gguf",
  ]);
  const { models } = await listModels(to);
  expect(models.every(({ verified }) => verified)).toBe(true);
  expect(models.find(({ name }) => name === "big-Q8_0")).toMatchObject({ bytes: 6_000, quantization: "Q8_0" });
  for (const name of names) await removeModel(name, to);
  expect(tree(to.modelsFolder)).toEqual([]);
});

test("an export refuses an existing file, a damaged model and a missing folder, and leaves nothing behind", async () => {
  const from = temporaryStore();
  const { blob } = cacheFile(from);
  const folder = temporaryFolder();
  const taken = write(path.join(folder, "taken"), "mine");
  expect(await errorOf(exportModel("org/tiny-GGUF", from, { output: taken }))).toMatchObject({
    code: "store-unusable",
  });
  expect(readFileSync(taken, "utf8")).toBe("mine");
  const missing = path.join(folder, "no", "file");
  expect(await errorOf(exportModel("org/tiny-GGUF", from, { output: missing }))).toMatchObject({
    code: "store-unusable",
    hint: "Choose a writable place with --output FILE.",
  });
  // Bit rot that neither size nor time shows.
  utimesSync(blob, 1_000_000, 1_000_000);
  await resolveModel("org/tiny-GGUF", from);
  writeFileSync(blob, weights(2));
  utimesSync(blob, 1_000_000, 1_000_000);
  const output = path.join(folder, "new");
  expect(await errorOf(exportModel("org/tiny-GGUF", from, { output }))).toMatchObject({ code: "download-damaged" });
  expect(tree(folder)).toEqual(["taken"]);
});

test("an export that runs out of time fails with the reason of its signal", async () => {
  const from = temporaryStore();
  cacheFile(from);
  await resolveModel("org/tiny-GGUF", from);
  const output = bundlePath();
  const reason = new DOMException("late", "TimeoutError");
  const signal = AbortSignal.abort(reason);
  expect(await errorOf(exportModel("org/tiny-GGUF", from, { output, signal }))).toBe(reason);
  expect(tree(path.dirname(output))).toEqual([]);
});

test("an aborted export and an aborted import leave nothing behind", async () => {
  const from = temporaryStore();
  cacheFile(from, { bytes: noise(3_000_000) });
  const output = bundlePath();
  const stopAt = (count: number) => {
    const controller = new AbortController();
    let calls = 0;
    const onProgress = () => {
      calls += 1;
      if (calls === count) controller.abort(new Error("stopped"));
    };
    return { signal: controller.signal, onProgress };
  };
  expect((await errorOf(exportModel("org/tiny-GGUF", from, { output, ...stopAt(3) }))).message).toBe("stopped");
  expect(tree(path.dirname(output))).toEqual([]);
  await exportModel("org/tiny-GGUF", from, { output });
  const to = temporaryStore();
  expect((await errorOf(importModel(output, to, stopAt(3)))).message).toBe("stopped");
  expect(readdirSync(to.home)).toEqual([]);
});

test("an export that finds other bytes takes the trust away from the model", async () => {
  const from = temporaryStore();
  const { blob } = cacheFile(from, { bytes: weights(1) });
  utimesSync(blob, 1_000_000, 1_000_000);
  await resolveModel("org/tiny-GGUF", from);
  writeFileSync(blob, weights(2));
  utimesSync(blob, 1_000_000, 1_000_000);
  expect((await listModels(from)).models).toMatchObject([{ verified: true }]);
  const error = await errorOf(exportModel("org/tiny-GGUF", from, { output: bundlePath() }));
  expect(error.code).toBe("download-damaged");
  expect((await listModels(from)).models).toMatchObject([{ verified: false }]);
});

/** Runs `work` in a process of its own, which is killed when it begins to write. Returns when it is dead. */
function killedWhile(work: "import" | "export", file: string, home: string): void {
  const program = path.join(import.meta.dirname, "killed-bundle.mjs");
  const { signal } = spawnSync(process.execPath, [program, work, file, home], { stdio: "inherit" });
  expect(signal).toBe("SIGKILL");
}

test("a killed import leaves files that prune removes at once, and a running one keeps its own", async () => {
  const from = temporaryStore();
  cacheFile(from, { bytes: noise(3_000_000) });
  const output = bundlePath();
  await exportModel("org/tiny-GGUF", from, { output });
  const to = temporaryStore();
  killedWhile("import", output, to.home);
  expect(tree(to.hubCache).some((file) => file.endsWith(".nanoagent-part"))).toBe(true);
  expect((await pruneStore(to, { all: true })).freedBytes).toBeGreaterThan(0);
  expect(tree(to.hubCache)).toEqual([]);
  const prunes: ReturnType<typeof pruneStore>[] = [];
  await importModel(output, to, { onProgress: () => prunes.push(pruneStore(to, { all: true })) });
  expect(prunes.length).toBeGreaterThan(1);
  for (const { files } of await Promise.all(prunes)) expect(files).toEqual([]);
  expect(tree(to.hubCache).filter((file) => file.includes("nanoagent"))).toEqual([]);
  expect(await resolveModel("org/tiny-GGUF", to)).toMatchObject({ verified: true });
});

test("an export removes what a killed one left beside the same output, and nothing else", async () => {
  const from = temporaryStore();
  cacheFile(from, { bytes: noise(3_000_000) });
  const output = bundlePath();
  const folder = path.dirname(output);
  killedWhile("export", output, from.home);
  expect(tree(folder)).toHaveLength(2);
  const others = [`${output}.nanoagent-part`, `${output}2.0123456789ab.nanoagent-part`, `${output}.0123456789ab`];
  for (const file of others) {
    write(file, "kept");
    utimesSync(file, 1, 1);
  }
  const taken = write(output, "mine");
  expect(await errorOf(exportModel("org/tiny-GGUF", from, { output }))).toMatchObject({ code: "store-unusable" });
  expect(tree(folder)).toEqual([output, ...others].map((file) => path.basename(file)).sort());
  rmSync(taken);
  await exportModel("org/tiny-GGUF", from, { output });
  expect(tree(folder)).toEqual([output, ...others].map((file) => path.basename(file)).sort());
});

const body = weights(1);

function manifest(changes: Partial<Record<keyof BundleManifest, unknown>> = {}): HandMadeEntry {
  const files = [{ path: "model/x.gguf", bytes: body.length, sha256: sha256(body) }];
  const facts = { format: 1, name: "x", source: "import", repository: null, revision: null, reference: null };
  const all = { ...facts, quantization: null, license: null, files, license_files: [], ...changes };
  return { name: "manifest.json", body: JSON.stringify(all) };
}

/** Returns an archive in which each manifest is followed by its hash. */
function bundle(entries: readonly HandMadeEntry[]): Buffer {
  return tarArchive(entries.flatMap((entry) => (entry.name === "manifest.json" ? [entry, hashOf(entry)] : [entry])));
}

function hashOf({ body = "" }: HandMadeEntry): HandMadeEntry {
  return { name: "manifest.json.sha256", body: manifestHash(Buffer.from(body as string)) };
}

const hub = { source: "huggingface", repository: "org/x", revision: COMMIT, name: "org/x" };
const model: HandMadeEntry = { name: "model/x.gguf", body };
const fileNamed = (name: string) => [{ path: name, bytes: body.length, sha256: sha256(body) }];

test("a hand-made bundle is imported", async () => {
  const to = temporaryStore();
  const { model: imported } = await importModel(write(bundlePath(), bundle([manifest(), model])), to);
  expect(imported).toMatchObject({ name: "x", verified: true });
});

const hostile: [string, readonly HandMadeEntry[]][] = [
  ["no manifest", [model]],
  ["a manifest that is not the first entry", [model, manifest()]],
  ["a manifest that is a link", [{ ...manifest(), type: "2", link: "/etc/passwd" }, model]],
  ["a manifest of 2 MB", [{ name: "manifest.json", body: " ".repeat(2_000_000) }, model]],
  ["a manifest that is not JSON", [{ name: "manifest.json", body: "{" }, model]],
  ["a newer format", [manifest({ format: 2 }), model]],
  ["no files", [manifest({ files: [] }), model]],
  ["a missing file", [manifest()]],
  ["a file twice", [manifest(), model, model]],
  ["a file that the manifest does not name", [manifest(), { name: "other", body: "x" }, model]],
  ["a path with ..", [manifest({ files: fileNamed("model/../../x.gguf") }), { ...model, name: "model/../../x.gguf" }]],
  ["an absolute path", [manifest({ files: fileNamed("/tmp/x.gguf") }), { ...model, name: "/tmp/x.gguf" }]],
  ["a path of the hub with ..", [manifest({ ...hub, files: fileNamed("model/a/../../../x.gguf") }), model]],
  ["a repository with ..", [manifest({ ...hub, repository: "../x" }), model]],
  ["a revision that is a path", [manifest({ ...hub, revision: "../../x" }), model]],
  ["a reference that is a path", [manifest({ ...hub, reference: "../../x" }), model]],
  ["a symbolic link", [manifest(), { ...model, body: "", type: "2", link: "/etc/passwd" }]],
  ["a hard link", [manifest(), { ...model, body: "", type: "1", link: "/etc/passwd" }]],
  ["a folder", [manifest(), { name: "model/", body: "", type: "5" }, model]],
  ["wrong bytes", [manifest(), { ...model, body: weights(2) }]],
  ["wrong bytes for the hub", [manifest(hub), { ...model, body: weights(2) }]],
  ["another size", [manifest(), { ...model, body: weights(1, 100) }]],
  ["a size of 9 PB", [manifest(), { ...model, size: 9_000_000_000_000_000 }]],
  [
    "two names for one file",
    [manifest({ files: [...fileNamed("model/x.gguf"), ...fileNamed("model/X.gguf")] }), model],
  ],
  [
    "a file that is not GGUF",
    [
      manifest({ files: [{ path: "model/x.gguf", bytes: 4, sha256: sha256(Buffer.from("text")) }] }),
      { name: "model/x.gguf", body: "text" },
    ],
  ],
];

test.each(hostile)("%s is refused, and nothing is left behind", async (_, entries) => {
  const to = temporaryStore();
  const error = await errorOf(importModel(write(bundlePath(), bundle(entries)), to));
  expect(error).toMatchObject({ name: "HubError", code: "bundle-invalid" });
  expect(error.reason).toBeTruthy();
  expect(readdirSync(to.home)).toEqual([]);
});

test("a cut bundle is refused at every length, and one with other bytes at its end", async () => {
  const archive = bundle([manifest(), model]);
  const to = temporaryStore();
  const file = bundlePath();
  for (let length = archive.length - 1; length > 0; length -= 397) {
    writeFileSync(file, archive);
    truncateSync(file, length);
    expect(await errorOf(importModel(file, to))).toMatchObject({ code: "bundle-invalid" });
  }
  writeFileSync(file, archive);
  appendFileSync(file, "garbage");
  expect(await errorOf(importModel(file, to))).toMatchObject({ code: "bundle-invalid" });
  expect(tree(to.home)).toEqual([]);
});

test.each([
  ["manifest.json.sha256 is missing", tarArchive([manifest(), model])],
  ["the hash is that of another manifest", tarArchive([manifest(), hashOf(manifest({ license: "mit" })), model])],
  ["the hash comes last", tarArchive([manifest(), model, hashOf(manifest())])],
])("a bundle is refused if %s", async (_, archive) => {
  const to = temporaryStore();
  expect(await errorOf(importModel(write(bundlePath(), archive), to))).toMatchObject({
    code: "bundle-invalid",
    reason: expect.stringContaining("manifest.json.sha256"),
  });
  expect(readdirSync(to.home)).toEqual([]);
});

/** Where the bodies of extended headers are, and their sizes. */
function extendedHeaders(archive: Buffer): [number, number][] {
  const found: [number, number][] = [];
  for (let at = 0; at < archive.length; at += 512) {
    const isHeader = archive.toString("latin1", at + 257, at + 262) === "ustar";
    if (isHeader && archive[at + 156] === "x".charCodeAt(0)) {
      found.push([at + 512, Number.parseInt(archive.toString("latin1", at + 124, at + 135), 8)]);
    }
  }
  return found;
}

/** An exported model of the hub, with a license, whose name is too long for a plain header. */
async function exportedBundle(): Promise<Buffer> {
  const from = temporaryStore();
  cacheFile(from, { path: `${"long".repeat(30)}-Q4_K_M.gguf`, bytes: weights(1, 700) });
  cacheFile(from, { path: "LICENSE", bytes: Buffer.from("Apache"), blob: "c".repeat(40) });
  const output = bundlePath();
  await exportModel("org/tiny-GGUF", from, { output });
  return readFileSync(output);
}

test("one wrong byte anywhere is refused", async () => {
  const made = [bundle([manifest(), model]), await exportedBundle()];
  expect(made.map((archive) => extendedHeaders(archive).length)).toEqual([0, 1]);
  const file = bundlePath();
  const to = temporaryStore();
  const check = async (archive: Buffer, at: number, change: number) => {
    const bytes = Buffer.from(archive);
    bytes[at] = (bytes[at] ?? 0) ^ change;
    writeFileSync(file, bytes);
    expect(await errorOf(importModel(file, to)), `byte ${at} ^ ${change}`).toMatchObject({ code: "bundle-invalid" });
    expect(tree(to.home)).toEqual([]);
  };
  for (const archive of made) {
    await fc.assert(
      fc.asyncProperty(fc.nat(archive.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) =>
        check(archive, at, change),
      ),
      { numRuns: 60 },
    );
    // Every byte of the first header, of its checksum above all.
    for (let at = 0; at < 512; at += at >= 140 && at < 160 ? 1 : 37) {
      for (const change of [1, 16, 128]) await check(archive, at, change);
    }
    // Every byte of the extended headers, which have no checksum.
    for (const [at, bytes] of extendedHeaders(archive)) {
      for (let index = 0; index < bytes; index++) await check(archive, at + index, 1);
    }
  }
});

test("any text has a problem, or is a manifest whose paths stay in their folders", () => {
  const segment = fc.constantFrom("..", ".", "", "a", "x.gguf", "\\", "C:", "\0", "model");
  const files = fc.array(
    fc.array(segment, { maxLength: 4 }).map((segments) => ({ ...fileNamed(`model/${segments.join("/")}`)[0] })),
    { minLength: 1, maxLength: 2 },
  );
  const made = files.map((files) => String(manifest({ files }).body));
  let accepted = 0;
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), made), (text) => {
      const result = parseBundleManifest(text);
      if ("problem" in result) return;
      accepted += 1;
      for (const file of result.files) expect(path.posix.normalize(file.path)).toBe(file.path);
      for (const file of result.files) expect(file.path).toMatch(/^model\/[^.\\]/);
    }),
    { numRuns: 1_000 },
  );
  expect(accepted).toBeGreaterThan(0);
});

test("a bundle never replaces another file, in the models folder or in the cache", async () => {
  const to = temporaryStore();
  const own = write(namedModelPath(to, "x"), weights(5));
  expect(await errorOf(importModel(write(bundlePath(), bundle([manifest(), model])), to))).toMatchObject({
    code: "store-unusable",
    hint: "Check it with nanoagent models verify x, or remove it with nanoagent models rm x.",
  });
  expect(readFileSync(own)).toEqual(weights(5));
  const { snapshot } = cacheFile(to, { repository: "org/x", path: "x.gguf", bytes: weights(6) });
  const error = await errorOf(importModel(write(bundlePath(), bundle([manifest(hub), model])), to));
  expect(error.code).toBe("store-unusable");
  expect(readFileSync(snapshot)).toEqual(weights(6));
});

test("a GGUF file is copied under its name", async () => {
  const to = temporaryStore();
  const source = write(path.join(temporaryFolder(), "My Model-Q4_0.gguf"), gguf());
  const { model } = await importModel(source, to);
  expect(model).toMatchObject({ name: "My-Model-Q4_0", quantization: "Q4_0", verified: true, source: "import" });
  expect(model.sha256).toBe(sha256(gguf()));
  expect(readFileSync(model.path)).toEqual(Buffer.from(gguf()));
  expect(await errorOf(importModel(source, to))).toMatchObject({ code: "store-unusable" });
  expect(tree(to.modelsFolder)).toEqual(["files/My-Model-Q4_0.gguf"]);
});

test("a damaged GGUF file, another file, a folder and a missing file are refused, and nothing is left behind", async () => {
  const to = temporaryStore();
  const folder = temporaryFolder();
  const cut = write(path.join(folder, "cut.gguf"), gguf().subarray(0, 5_000));
  const error = await errorOf(importModel(cut, to));
  expect(error).toMatchObject({ name: "HubError", code: "bundle-invalid", cause: { code: "invalid-model-file" } });
  expect(error.message).toContain(cut);
  expect(error.hint).toBeTruthy();
  const text = write(path.join(folder, "text.gguf"), "<!doctype html>");
  expect(await errorOf(importModel(text, to))).toMatchObject({ code: "bundle-invalid" });
  expect(await errorOf(importModel(write(path.join(folder, "empty"), ""), to))).toMatchObject({
    code: "bundle-invalid",
  });
  expect((await errorOf(importModel(folder, to))).code).toMatch(/bundle-invalid|store-unusable/);
  if (process.platform !== "win32") {
    const pipe = path.join(folder, "pipe.gguf");
    execFileSync("mkfifo", [pipe]);
    expect(await errorOf(importModel(pipe, to))).toMatchObject({ code: "bundle-invalid" });
  }
  const missing = path.join(folder, "no.gguf");
  expect(await errorOf(importModel(missing, to))).toMatchObject({
    code: "store-unusable",
    message: `File not found: ${missing}.`,
  });
  expect(tree(to.home)).toEqual([]);
});

test("an aborted copy leaves nothing behind", async () => {
  const to = temporaryStore();
  const source = write(path.join(temporaryFolder(), "x.gguf"), gguf());
  const controller = new AbortController();
  const onProgress = () => controller.abort(new Error("stopped"));
  const copy = importModel(source, to, { signal: controller.signal, onProgress });
  // A small file is copied in one piece: the abort is seen before the next read.
  expect((await errorOf(copy)).message).toBe("stopped");
  expect(readdirSync(to.home)).toEqual([]);
});

test("a link to a model is followed, and a link in the place of the new file is refused", async () => {
  const to = temporaryStore();
  const folder = temporaryFolder();
  const source = write(path.join(folder, "real.gguf"), gguf());
  symlinkSync(source, path.join(folder, "alias.gguf"));
  expect((await importModel(path.join(folder, "alias.gguf"), to)).model.name).toBe("alias");
  mkdirSync(path.join(to.modelsFolder, "files"), { recursive: true });
  symlinkSync(path.join(folder, "victim"), path.join(to.modelsFolder, "files/real.gguf"));
  expect(await errorOf(importModel(source, to))).toMatchObject({ code: "store-unusable" });
  rmSync(path.join(to.modelsFolder, "files/real.gguf"));
});
