import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { buildTinyGguf } from "@nanoagent/optimizer/testing";
import { afterEach } from "vitest";
import { type HubEnvironment, readHubEnvironment } from "../../src/environment/hub-environment.js";

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Returns a folder that is removed after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), "hub-store-"));
  folders.push(folder);
  return folder;
}

/** Returns settings whose folders are all below one that is removed after the test. */
export function temporaryStore(home = temporaryFolder()): HubEnvironment & { home: string } {
  return { ...readHubEnvironment({ OLLAMA_MODELS: path.join(home, "ollama") }, { home }), home };
}

export const COMMIT = "0123456789abcdef0123456789abcdef01234567";
export const OTHER_COMMIT = "89abcdef0123456789abcdef0123456789abcdef";

let tiny: Uint8Array | undefined;

/** Bytes that begin like a GGUF file, different for each seed. */
export function weights(seed: string | number = 1, bytes = 3_000): Buffer {
  return Buffer.concat([Buffer.from("GGUF"), createHash("sha512").update(String(seed)).digest()], bytes);
}

/** A real, small GGUF file. */
export function gguf(): Uint8Array {
  tiny ??= buildTinyGguf();
  return tiny;
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Writes a file and its folders. Returns the path. */
export function write(file: string, bytes: Uint8Array | string): string {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, bytes);
  return file;
}

interface CacheFile {
  repository?: string;
  commit?: string;
  path?: string;
  bytes?: Uint8Array;
  /** Name of the blob. Default: the SHA-256. */
  blob?: string;
  reference?: string | null;
}

/** Puts a file into Hugging Face's cache as its own client does. Returns the paths of the snapshot and the blob. */
export function cacheFile(environment: HubEnvironment, file: CacheFile = {}): { snapshot: string; blob: string } {
  const { repository = "org/tiny-GGUF", commit = COMMIT, bytes = weights(), reference = "main" } = file;
  const { path: name = "tiny-Q4_K_M.gguf", blob: blobName = sha256(bytes) } = file;
  const folder = path.join(environment.hubCache, `models--${repository.replace("/", "--")}`);
  const blob = write(path.join(folder, "blobs", blobName), bytes);
  const snapshot = path.join(folder, "snapshots", commit, ...name.split("/"));
  mkdirSync(path.dirname(snapshot), { recursive: true });
  symlinkSync(path.relative(path.dirname(snapshot), blob), snapshot);
  if (reference !== null) write(path.join(folder, "refs", reference), commit);
  return { snapshot, blob };
}

/** Puts a model into Ollama's store. Returns the path of the blob. */
export function ollamaModel(
  store: string,
  manifest: string,
  bytes: Uint8Array,
  { mediaType = "application/vnd.ollama.image.model", size = bytes.length, digest = sha256(bytes), license = "" } = {},
): string {
  const layers = [{ mediaType, digest: `sha256:${digest}`, size }];
  if (license !== "") {
    const hash = sha256(Buffer.from(license));
    write(path.join(store, "blobs", `sha256-${hash}`), license);
    layers.push({
      mediaType: "application/vnd.ollama.image.license",
      digest: `sha256:${hash}`,
      size: Buffer.byteLength(license),
    });
  }
  write(path.join(store, "manifests", manifest), JSON.stringify({ schemaVersion: 2, layers }));
  return write(path.join(store, "blobs", `sha256-${digest}`), bytes);
}

/** Returns the paths of all files and links below a folder, relative to it, sorted. */
export function tree(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
      .sort();
  } catch {
    return [];
  }
}

export function noise(bytes: number): Buffer {
  return Buffer.concat([Buffer.from("GGUF"), randomBytes(bytes - 4)]);
}

/** Returns the error that a promise rejects with. */
export async function errorOf(promise: Promise<unknown>): Promise<{ code?: string } & Error & Record<string, string>> {
  return promise.then(
    () => {
      throw new Error("It did not reject.");
    },
    (error) => error,
  );
}
