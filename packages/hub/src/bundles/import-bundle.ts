import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import path from "node:path";
import { cutText } from "@nanoagent/models";
import type { HubEnvironment } from "../environment/hub-environment.js";
import { requireSpace } from "../files/free-space.js";
import { errnoOf, storeUnusable } from "../files/store-unusable.js";
import { HubError } from "../hub-error.js";
import {
  type BundleFile,
  type BundleManifest,
  LICENSE_FOLDER,
  MANIFEST_HASH_NAME,
  MANIFEST_NAME,
  MAX_MANIFEST_BYTES,
  manifestHash,
  parseBundleManifest,
} from "./bundle-manifest.js";
import { type BundlePlace, bundlePlace } from "./bundle-place.js";
import type { EntryHash, ImportedModel, ImportModelOptions } from "./imported-model.js";
import { isPlainTar } from "./plain-tar.js";
import { StagedFiles } from "./staged-files.js";
import { readTar, type TarEntry } from "./tar-reader.js";

/**
 * Imports an exported model. Every hash is verified before a file gets its final name, and nothing remains if the
 * bundle is damaged, or if the import fails or is aborted.
 */
export async function importBundle(
  file: string,
  handle: FileHandle,
  environment: HubEnvironment,
  { signal, onProgress }: ImportModelOptions,
): Promise<ImportedModel> {
  const staged = new StagedFiles();
  const entries = readTar(handle, signal);
  let name = path.basename(file);
  let folder = environment.modelsFolder;
  try {
    if (!(await isPlainTar(handle))) throw invalid(file, "the archive is damaged or ends early");
    const manifest = await readManifest(file, entries);
    name = manifest.name;
    const place = await bundlePlace(manifest, environment);
    folder = place.folder;
    if (place.present !== null) return { model: place.present, notices: [`${place.present.name} is already here.`] };
    const expected = new Map([...manifest.files, ...manifest.license_files].map((entry) => [entry.path, entry]));
    const totalBytes = [...expected.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    await requireSpace(place.folder, totalBytes, manifest.name);
    let doneBytes = 0;
    const hashes = new Map<string, EntryHash>();
    for await (const entry of entries) {
      const known = expected.get(entry.name);
      if (known === undefined) throw invalid(file, `${shown(entry.name)} is not in its manifest, or is there twice`);
      expected.delete(entry.name);
      if (entry.type !== "file") throw invalid(file, `${entry.name} is not a file`);
      if (entry.bytes !== known.bytes) throw invalid(file, `${entry.name} does not have the size in its manifest`);
      const hash = await stageEntry(file, entry, known, place, staged, (bytes) => {
        signal?.throwIfAborted();
        doneBytes += bytes;
        onProgress?.({ doneBytes, totalBytes });
      });
      hashes.set(entry.name, hash);
    }
    const [missing] = expected.keys();
    if (missing !== undefined) throw invalid(file, `${missing} is missing`);
    signal?.throwIfAborted();
    return await place.finish(staged, hashes);
  } catch (error) {
    if (HubError.isInstance(error) || signal?.aborted) throw error;
    if (errnoOf(error) !== null) throw storeUnusable(`${name} cannot be stored.`, path.join(folder, name), error);
    throw invalid(file, "the archive is damaged or ends early", error);
  } finally {
    await entries.return(undefined).catch(() => {});
    await staged.discard();
  }
}

async function readManifest(file: string, entries: AsyncGenerator<TarEntry>): Promise<BundleManifest> {
  const text = await readText(file, entries, MANIFEST_NAME, "first");
  const hash = await readText(file, entries, MANIFEST_HASH_NAME, "second");
  if (hash.toString("latin1") !== manifestHash(text)) {
    throw invalid(file, `its manifest does not have the SHA-256 in ${MANIFEST_HASH_NAME}`);
  }
  const manifest = parseBundleManifest(text.toString("utf8"));
  if ("problem" in manifest) {
    throw invalid(file, manifest.problem, undefined, manifest.isNewer ? NEWER_HINT : EXPORT_HINT);
  }
  return manifest;
}

/** Reads the next entry, which must be a small file with this name. */
async function readText(
  file: string,
  entries: AsyncGenerator<TarEntry>,
  name: string,
  position: "first" | "second",
): Promise<Buffer> {
  const { value: entry } = await entries.next();
  if (!entry || entry.name !== name || entry.type !== "file") {
    throw invalid(file, `its ${position} entry is not ${name}`);
  }
  if (entry.bytes > MAX_MANIFEST_BYTES) throw invalid(file, `its ${name} is too large`);
  const pieces: Uint8Array[] = [];
  for await (const piece of entry.body) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function stageEntry(
  file: string,
  { name, bytes, body }: TarEntry,
  known: BundleFile,
  place: BundlePlace,
  staged: StagedFiles,
  onBytes: (bytes: number) => void,
): Promise<EntryHash> {
  // A license in Hugging Face's cache is named by its git hash, which is known at its end.
  const isLicense = name.startsWith(LICENSE_FOLDER);
  const sha256 = createHash("sha256");
  const gitSha1 = createHash("sha1").update(`blob ${bytes}\0`);
  const pieces: Uint8Array[] = [];
  let start = Buffer.alloc(0);
  const output = isLicense ? null : await staged.create(place.targetOf(known, known.sha256));
  try {
    for await (const piece of body) {
      onBytes(piece.length);
      sha256.update(piece);
      if (output === null) {
        gitSha1.update(piece);
        pieces.push(piece);
      } else {
        if (start.length < 4) start = Buffer.concat([start, piece.subarray(0, 4)]).subarray(0, 4);
        await writeAll(output.handle, piece);
      }
    }
    const digest = sha256.digest("hex");
    if (digest !== known.sha256) throw invalid(file, `${name} does not have the SHA-256 in its manifest`);
    if (output === null) {
      const target = place.targetOf(known, gitSha1.digest("hex"));
      const license = await staged.create(target);
      await license.handle.writeFile(Buffer.concat(pieces)).finally(() => license.handle.close());
      return { sha256: digest, target };
    }
    if (start.toString("latin1") !== "GGUF") throw invalid(file, `${name} is not a GGUF file`);
    await output.handle.sync();
    return { sha256: digest, target: place.targetOf(known, digest) };
  } finally {
    await output?.handle.close();
  }
}

/** Writes all bytes. `write` may take only a part of them. */
async function writeAll(handle: FileHandle, piece: Uint8Array): Promise<void> {
  for (let offset = 0; offset < piece.length; ) {
    const { bytesWritten } = await handle.write(piece, offset, piece.length - offset);
    offset += bytesWritten;
  }
}

function shown(name: string): string {
  return JSON.stringify(cutText(name, 80));
}

const EXPORT_HINT = "Export the model again with nanoagent models export NAME --output FILE, and copy the whole file.";
const NEWER_HINT =
  "Export the model with this version of nanoagent: nanoagent models export NAME --output FILE. Or update nanoagent.";

function invalid(file: string, reason: string, cause?: unknown, hint = EXPORT_HINT): HubError {
  return new HubError({
    code: "bundle-invalid",
    message: `${path.basename(file)} cannot be imported.`,
    reason: `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`,
    hint,
    cause,
  });
}
