import { createHash } from "node:crypto";
import { type FileHandle, link, open, rename } from "node:fs/promises";
import path from "node:path";
import type { FoundModel } from "../caches/found-model.js";
import { isTaken } from "../caches/hub-cache.js";
import type { HubEnvironment } from "../environment/hub-environment.js";
import { requireSpace } from "../files/free-space.js";
import { syncFolder } from "../files/replace-file.js";
import { errnoOf, isDiskFull, storeUnusable } from "../files/store-unusable.js";
import { HubError } from "../hub-error.js";
import { stampOf } from "../store/list-models.js";
import { fileStamps } from "../store/model-stamp.js";
import { distrustModel, stampFiles } from "../store/record-model.js";
import { findModel, type ResolveModelOptions, resolveModel } from "../store/resolve-model.js";
import { readStamps } from "../store/stamps.js";
import {
  type BundleFile,
  type BundleManifest,
  MANIFEST_HASH_NAME,
  MANIFEST_NAME,
  MODEL_FOLDER,
  manifestHash,
} from "./bundle-manifest.js";
import { readLicenseFiles } from "./license-files.js";
import { TarWriter } from "./tar-writer.js";
import { removeLeftovers, TemporaryFile } from "./temporary-file.js";

export interface ExportModelOptions extends ResolveModelOptions {
  /** The new file. */
  output: string;
  onProgress?: ((progress: { writtenBytes: number; totalBytes: number }) => void) | undefined;
}

export interface ExportedModel {
  /** Absolute path. */
  path: string;
  bytes: number;
  manifest: BundleManifest;
}

/**
 * Writes a model with its facts and license to one file, which `importModel` verifies on another device: a tar archive
 * whose first entries are the manifest and its hash. The model's hash is checked while it is written. Memory: a few MB. An existing
 * file is not replaced, and nothing remains when the export fails or is aborted.
 *
 * Throws like `resolveModel`, and a `HubError`: `store-unusable` if the file exists or cannot be written,
 * `disk-too-small`, `download-damaged` if the model changes meanwhile.
 */
export async function exportModel(
  name: string,
  environment: HubEnvironment,
  { output, onProgress, ...options }: ExportModelOptions,
): Promise<ExportedModel> {
  const target = path.resolve(output);
  await removeLeftovers(target);
  if (await isTaken(target)) throw exists(target);
  const stored = await resolveModel(name, environment, options);
  const model = await findModel(name, environment);
  const { stamps } = await readStamps(environment);
  // Without a writable record, the hash of this run is used.
  const stamp = stampOf(model, stamps) ?? (await hashedStamp(model, stored.sha256));
  const licenses = await readLicenseFiles(model, stamp);
  const entries = bundleEntries(
    model,
    fileStamps(stamp).map(({ bytes, sha256 }) => ({ bytes, sha256 })),
  );
  const manifest: BundleManifest = {
    format: 1,
    name: stored.name,
    source: stored.source,
    repository: stored.repository,
    revision: stored.revision,
    reference: model.references.includes("main") ? "main" : (model.references[0] ?? null),
    quantization: stored.quantization,
    license: stored.license,
    files: entries.map(({ entry }) => entry),
    license_files: licenses.map(({ path, text, sha256 }) => ({ path, bytes: text.length, sha256 })),
  };
  const totalBytes = entries.reduce((sum, { entry }) => sum + entry.bytes, 0);
  await requireSpace(path.dirname(target), totalBytes, path.basename(target));
  const bytes = await writeFile(target, async (handle) => {
    const tar = await TarWriter.open(handle);
    const text = Buffer.from(`${JSON.stringify(manifest, null, 1)}\n`);
    await tar.addText(MANIFEST_NAME, text);
    await tar.addText(MANIFEST_HASH_NAME, Buffer.from(manifestHash(text)));
    for (const { path, text } of licenses) await tar.addText(path, text);
    let writtenBytes = 0;
    for (const { file, entry } of entries) {
      const sha256 = createHash("sha256");
      await tar.addFile(entry.path, file, entry.bytes, (piece) => {
        options.signal?.throwIfAborted();
        sha256.update(piece);
        writtenBytes += piece.length;
        onProgress?.({ writtenBytes, totalBytes });
      });
      if (sha256.digest("hex") !== entry.sha256) {
        for (const notice of (await distrustModel(environment, model)).notices) options.onNotice?.(notice);
        throw changed(model.name, file);
      }
    }
    options.signal?.throwIfAborted();
    return tar.finish();
  });
  return { path: target, bytes, manifest };
}

/** Writes a new file in one step. Nothing remains if `write` fails. */
async function writeFile(target: string, write: (handle: FileHandle) => Promise<number>): Promise<number> {
  const temporary = new TemporaryFile(target);
  try {
    await temporary.lock();
    const handle = await open(temporary.path, "wx", 0o666);
    let bytes: number;
    try {
      bytes = await write(handle);
      await handle.sync();
    } finally {
      await handle.close();
    }
    // A link, unlike a rename, never replaces a file that was created meanwhile.
    await link(temporary.path, target).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code === "EEXIST" || (await isTaken(target))) throw exists(target);
      await rename(temporary.path, target);
    });
    await syncFolder(path.dirname(target));
    return bytes;
  } catch (error) {
    const hint = isDiskFull(error)
      ? "Free space, or choose another disk with --output FILE."
      : "Choose a writable place with --output FILE.";
    throw errnoOf(error) === null ? error : storeUnusable(`${target} cannot be written.`, target, error, hint);
  } finally {
    await temporary.remove();
  }
}

async function hashedStamp(model: FoundModel, sha256: string | null) {
  if (sha256 === null || model.files.length > 1) {
    throw new HubError({
      code: "store-unusable",
      message: `The hashes of ${model.name} could not be recorded.`,
      reason: "The file with the records cannot be written.",
      hint: "Set XDG_STATE_HOME to a writable folder.",
    });
  }
  return stampFiles({
    ...model,
    license: null,
    own: false,
    licenseFiles: [],
    files: [{ path: model.files[0].path, sha256 }],
  });
}

/** Names the files of a bundle: by their path in the repository, or else by the model's name. */
function bundleEntries(
  model: FoundModel,
  hashes: readonly { bytes: number; sha256: string }[],
): { file: string; entry: BundleFile }[] {
  const { file, files, name } = model;
  const folder = file === null ? "" : file.slice(0, file.lastIndexOf("/") + 1);
  const [only] = files;
  return hashes.map(({ bytes, sha256 }, index) => {
    const source = files[index]?.path ?? only.path;
    const base = /\.gguf$/i.test(source) ? path.basename(source) : `${name.replace(/[^A-Za-z0-9._-]+/g, "-")}.gguf`;
    return { file: source, entry: { path: `${MODEL_FOLDER}${folder}${base}`, bytes, sha256 } };
  });
}

function exists(target: string): HubError {
  return new HubError({
    code: "store-unusable",
    message: `${target} already exists.`,
    reason: "An export never replaces a file.",
    hint: "Choose another name with --output FILE, or delete the file first.",
  });
}

function changed(name: string, file: string): HubError {
  return new HubError({
    code: "download-damaged",
    message: `${name} changed while it was exported.`,
    reason: `${file} no longer has the SHA-256 that was recorded.`,
    hint: `Check it with nanoagent models verify ${name}.`,
  });
}
