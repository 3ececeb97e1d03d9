import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import {
  type BundleModel,
  createBundle,
  makeKeyPair,
  openReleases,
  type Releases,
  readTrustedKeys,
  signBundle,
} from "@nanoagent/fleet/bundles";
import { type HubMirror, startHubMirror } from "@nanoagent/hub/testing";
import { readConfig } from "@nanoagent/runtime/node";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { findBundleModels } from "../../src/bundles/find-bundle-models.js";
import { hubModelStore } from "../../src/bundles/hub-model-store.js";
import { findNamedModel } from "../../src/named-models/find-named-model.js";
import { readAgent } from "../../src/run/read-agent.js";
import { filesIn } from "../models/device.js";
import { fileOf, sha256, TINY } from "../models/tiny-models.js";

const NAME = `${TINY}:Q4_0`;
const OLD = fileOf("tiny-Q4_0.gguf");
/** The same model with other weights. */
const NEW = Buffer.from(OLD);
NEW.writeUInt8(NEW.readUInt8(NEW.length - 1) ^ 1, NEW.length - 1);
const pair = makeKeyPair();
const keys = readTrustedKeys([pair.publicPem]);

let mirror: HubMirror;
let folder: string;
let releases: Releases;

beforeAll(async () => {
  mirror = await startHubMirror({ repositories: {} });
});
afterAll(() => mirror.close());
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nanoagent-release-models-"));
  publish(OLD);
  for (const [name, value] of Object.entries({
    HOME: folder,
    HF_HOME: path.join(folder, "hugging-face"),
    HF_ENDPOINT: mirror.url,
    HF_HUB_OFFLINE: "",
    OLLAMA_MODELS: path.join(folder, "ollama"),
    XDG_CONFIG_HOME: path.join(folder, "config"),
    XDG_DATA_HOME: path.join(folder, "data"),
    XDG_STATE_HOME: path.join(folder, "state"),
  })) {
    vi.stubEnv(name, value);
  }
  releases = await openReleases(path.join(folder, "root"), { create: true });
});
afterEach(async () => {
  await releases.close();
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

/** Replaces the repository of the mirror. */
function publish(bytes: Buffer): void {
  mirror.repositories[TINY] = { files: { "tiny-Q4_0.gguf": bytes } };
  mirror.requests.length = 0;
}

const modelOf = (bytes: Buffer, rest: Partial<BundleModel> = {}): BundleModel => ({
  name: NAME,
  source: NAME,
  size: bytes.length,
  sha256: sha256(bytes),
  ...rest,
});

const sentBytes = () => mirror.requests.reduce((sum, request) => sum + request.sentBytes, 0);

async function apply(sequence: number, model: BundleModel, errors: readonly string[] = []) {
  const source = path.join(folder, `source-${sequence}`);
  mkdirSync(source, { recursive: true });
  writeFileSync(path.join(source, "agent.yaml"), `spec: {name: kiosk}\nmodel_path: hub:${model.name}\n`);
  const out = path.join(folder, `${sequence}.bundle`);
  await createBundle({ folder: source, out, name: "kiosk", version: `1.${sequence}.0`, sequence, models: [model] });
  await signBundle(out, pair.privatePem);
  return applyFile(sequence, errors);
}

/** Applies a bundle that {@link apply} has made. */
function applyFile(sequence: number, errors: readonly string[] = []) {
  return releases.apply(
    { file: path.join(folder, `${sequence}.bundle`), keys },
    { version: "0.1.0", models: hubModelStore, check: async () => errors, prove: async () => null },
  );
}

/** The contents of the model that the agent of a config gets. */
async function modelFor(config: string): Promise<string> {
  const { model_path } = await readAgent({ config }, streams, () => {});
  return sha256(await readFile(String(model_path)));
}

const streams = {
  stdin: new PassThrough(),
  stdout: new PassThrough(),
  stderr: new PassThrough(),
  stop: new AbortController().signal,
} as unknown as Parameters<typeof readAgent>[1];
const current = () => path.join(folder, "root/current/agent.yaml");

describe("the model of a release", () => {
  test("is the one of its bundle after another bundle with a newer model was refused", async () => {
    expect(await apply(1, modelOf(OLD))).toMatchObject({ state: "applied" });
    publish(NEW);
    expect(await apply(2, modelOf(NEW), ["It is wrong."])).toMatchObject({ state: "refused", current: 1 });
    expect(sha256(await readFile(await findNamedModel(NAME, streams)))).toBe(sha256(NEW));
    expect(await modelFor(current())).toBe(sha256(OLD));
  });

  test("goes back with a rollback", async () => {
    await apply(1, modelOf(OLD));
    publish(NEW);
    expect(await apply(2, modelOf(NEW))).toMatchObject({ state: "applied" });
    expect(await modelFor(current())).toBe(sha256(NEW));
    const host = { version: "0.1.0", models: hubModelStore, check: async () => [], prove: async () => null };
    expect(await releases.rollBack(host)).toMatchObject({ state: "applied", current: 1 });
    expect(await modelFor(current())).toBe(sha256(OLD));
    expect(await modelFor(path.join(folder, "root/releases/1/agent.yaml"))).toBe(sha256(OLD));
  });

  test("is used under another name, and said to be missing with its source", async () => {
    const imported = path.join(folder, "data/nanoagent/models/files");
    mkdirSync(imported, { recursive: true });
    writeFileSync(path.join(imported, "by-hand.gguf"), OLD);
    expect(await apply(1, modelOf(OLD))).toMatchObject({ state: "applied" });
    expect(mirror.requests).toEqual([]);
    expect(await modelFor(current())).toBe(sha256(OLD));
    await rm(path.join(imported, "by-hand.gguf"));
    await expect(modelFor(current())).rejects.toMatchObject({
      code: "model-not-downloaded",
      hint: expect.stringContaining(NAME),
    });
    expect(await applyFile(1)).toMatchObject({ state: "current" });
    expect(await modelFor(current())).toBe(sha256(OLD));
    expect((await readConfig(current())).model_path).toBe(`hub:${NAME}`);
  });
});

describe("a model that is not the one of the bundle", () => {
  test("is refused before its download, and the corrected source works", async () => {
    await apply(1, modelOf(OLD));
    const before = filesIn(path.join(folder, "hugging-face"));
    const other = Buffer.concat([NEW, Buffer.alloc(3_000_000)]);
    publish(other);
    const wrong = await apply(2, modelOf(NEW));
    expect(wrong).toMatchObject({ state: "refused", code: "bundle-unsuitable" });
    expect(wrong.reason).toContain(`Its SHA-256 has to be ${sha256(NEW)}, but is ${sha256(other)}.`);
    expect(sentBytes()).toBeLessThan(100_000);
    expect(filesIn(path.join(folder, "hugging-face"))).toEqual(before);
    expect(sha256(await readFile(await findNamedModel(NAME, streams)))).toBe(sha256(OLD));
    publish(NEW);
    expect(await apply(2, modelOf(NEW))).toMatchObject({ state: "applied" });
  });

  test("of an address without a hash is removed, and a file of its name stays", async () => {
    const source = `${mirror.cdnUrl}/plain/${TINY}/tiny-Q4_0.gguf`;
    const models = path.join(folder, "data/nanoagent/models");
    const named = { name: "tiny-Q4_0", source };
    const wrong = await apply(1, modelOf(NEW, named));
    expect(wrong).toMatchObject({ state: "refused", code: "bundle-unsuitable" });
    expect(wrong.reason).toContain(`but is ${sha256(OLD)}`);
    expect(existsSync(models) ? filesIn(models) : []).toEqual([]);
    expect(await apply(1, modelOf(OLD, named))).toMatchObject({ state: "applied" });
    publish(NEW);
    expect(await apply(2, modelOf(NEW, named))).toMatchObject({ state: "applied" });
    expect(await modelFor(path.join(folder, "root/releases/1/agent.yaml"))).toBe(sha256(OLD));
    expect(await modelFor(current())).toBe(sha256(NEW));
  });

  test("has another size", async () => {
    const wrong = await apply(1, modelOf(OLD, { size: OLD.length + 1 }));
    expect(wrong.reason).toContain(`Its size has to be ${OLD.length + 1} bytes, but is ${OLD.length}.`);
  });

  test("is too large for the disk, which is said before any request", async () => {
    const source = `${mirror.cdnUrl}/plain/${TINY}/tiny-Q4_0.gguf`;
    const huge = { size: 2 ** 49, sha256: "a".repeat(64), source };
    const refused = await apply(1, modelOf(OLD, huge));
    expect(refused).toMatchObject({ state: "refused", code: "disk-too-small" });
    expect(mirror.requests).toEqual([]);
  });

  test("has a source that cannot be downloaded", async () => {
    const refused = await apply(1, modelOf(OLD, { name: "tiny.gguf", source: "tiny.gguf" }));
    expect(refused).toMatchObject({ state: "refused", code: "bundle-unsuitable" });
    expect(refused.reason).toContain(
      "The model tiny.gguf of the bundle is not on this device, and cannot be downloaded.",
    );
  });
});

test("a model that was imported is recorded with a hint that devices cannot download it", async () => {
  const imported = path.join(folder, "data/nanoagent/models/files");
  mkdirSync(imported, { recursive: true });
  writeFileSync(path.join(imported, "tiny.gguf"), OLD);
  const stderr = new PassThrough();
  const stop = new AbortController().signal;
  const out = { stderr, stop } as unknown as Parameters<typeof findBundleModels>[2];
  expect(await findBundleModels(folder, ["tiny"], out)).toEqual([modelOf(OLD, { name: "tiny", source: "tiny" })]);
  expect(String(stderr.read())).toContain("Devices cannot download the model tiny");
  await expect(findBundleModels(folder, ["tiny.gguf"], out)).rejects.toMatchObject({ code: "invalid-model-name" });
});
