import { createHash } from "node:crypto";
import { constants, copyFile, open, rm } from "node:fs/promises";
import path from "node:path";
import { NanoAgentError } from "@nanoagent/models";
import { namedModelPath } from "../caches/own-models.js";
import type { HubEnvironment } from "../environment/hub-environment.js";
import { requireSpace } from "../files/free-space.js";
import { hashFile } from "../files/hash-file.js";
import { storeUnusable } from "../files/store-unusable.js";
import { HubError } from "../hub-error.js";
import { modelWord } from "../names/model-word.js";
import { quantizationLabel } from "../names/quantization-label.js";
import { splitOf } from "../sources/choose-files.js";
import { listModels } from "../store/list-models.js";
import { recordModel } from "../store/record-model.js";
import { requireFree } from "./bundle-place.js";
import type { ImportedModel, ImportModelOptions } from "./imported-model.js";
import { StagedFiles } from "./staged-files.js";

const PIECE_BYTES = 1_048_576;

interface CopyOptions {
  signal: AbortSignal | undefined;
  onBytes: (bytes: number) => void;
}

/**
 * Copies a GGUF file, or all parts of a split model, to the models folder, without using space where the file system
 * can share it. The header is checked first. Throws a `HubError`: `bundle-invalid` for a damaged file or a missing part.
 */
export async function importGguf(
  file: string,
  environment: HubEnvironment,
  { signal, onProgress }: ImportModelOptions,
): Promise<ImportedModel> {
  const { split, path: first } = await readHeader(file);
  const sources = split === null ? [file] : partsOf(first, split.count);
  const name = modelWord(path.basename(first).replace(/-\d{5}-of-\d{5}\.gguf$/i, ""));
  if (name === null) throw unnamed(file);
  const targets = sources.map((_, index) =>
    namedModelPath(environment, name, split === null ? undefined : { number: index + 1, count: split.count }),
  );
  for (const target of targets) await requireFree(target, name);
  const sizes = await Promise.all(sources.map(sizeOf));
  const totalBytes = sizes.reduce((sum, bytes) => sum + bytes, 0);
  let doneBytes = 0;
  const onBytes = (bytes: number) => {
    doneBytes += bytes;
    onProgress?.({ doneBytes, totalBytes });
  };
  const staged = new StagedFiles();
  try {
    const files: { path: string; sha256: string }[] = [];
    for (const [index, source] of sources.entries()) {
      const target = targets[index] ?? "";
      const temporary = await staged.reserve(target);
      const left = sizes.slice(index).reduce((sum, bytes) => sum + bytes, 0);
      files.push({ path: target, sha256: await copyHashed(source, temporary, left, { signal, onBytes }) });
    }
    for (const target of targets) await requireFree(target, name);
    signal?.throwIfAborted();
    await staged.place();
    const facts = { name, source: "import" as const, repository: null, revision: null, license: null };
    const quantization = quantizationLabel(path.basename(first));
    const { notices } = await recordModel(environment, { ...facts, quantization, files, own: true });
    const model = (await listModels(environment)).models.find(({ path }) => path === targets[0]);
    if (model === undefined) throw new Error(`${targets[0]} is gone.`);
    return { model, notices };
  } catch (error) {
    if (signal?.aborted) throw error;
    throw storeUnusable(`${path.basename(file)} cannot be copied.`, targets[0] ?? environment.modelsFolder, error);
  } finally {
    await staged.discard();
  }
}

async function readHeader(file: string) {
  const { readGguf } = await import("@nanoagent/optimizer");
  try {
    return await readGguf(file);
  } catch (error) {
    if (!NanoAgentError.isInstance(error)) throw error;
    const { message, reason, hint } = error;
    const parts = { message, reason: reason ?? undefined, hint: hint ?? undefined, cause: error };
    throw new HubError({ code: "bundle-invalid", ...parts });
  }
}

function partsOf(first: string, count: number): string[] {
  const digits = String(count).padStart(5, "0");
  const stem = splitOf(first) === null ? first : first.replace(/-\d{5}-of-\d{5}\.gguf$/i, "");
  return Array.from({ length: count }, (_, index) => `${stem}-${String(index + 1).padStart(5, "0")}-of-${digits}.gguf`);
}

/** Copies a file, and returns the hash of the copy. */
async function copyHashed(source: string, target: string, bytesLeft: number, options: CopyOptions): Promise<string> {
  const { signal, onBytes } = options;
  try {
    await copyFile(source, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE);
    return (await hashFile(target, { signal, onBytes })).sha256;
  } catch (error) {
    if (signal?.aborted) throw error;
    // The file system does not share blocks.
    await rm(target, { force: true });
  }
  await requireSpace(path.dirname(target), bytesLeft, path.basename(source));
  const input = await open(source, "r");
  try {
    const output = await open(target, "wx", 0o666);
    try {
      const sha256 = createHash("sha256");
      const buffer = Buffer.allocUnsafe(PIECE_BYTES);
      for (let position = 0; ; ) {
        const { bytesRead } = await input.read(buffer, 0, PIECE_BYTES, position);
        signal?.throwIfAborted();
        if (bytesRead === 0) break;
        const piece = buffer.subarray(0, bytesRead);
        sha256.update(piece);
        for (let offset = 0; offset < bytesRead; ) {
          const { bytesWritten } = await output.write(piece, offset, bytesRead - offset, position + offset);
          offset += bytesWritten;
        }
        position += bytesRead;
        onBytes(bytesRead);
      }
      await output.sync();
      return sha256.digest("hex");
    } finally {
      await output.close();
    }
  } finally {
    await input.close();
  }
}

async function sizeOf(file: string): Promise<number> {
  const handle = await open(file, "r");
  try {
    return (await handle.stat()).size;
  } finally {
    await handle.close();
  }
}

function unnamed(file: string): HubError {
  return new HubError({
    code: "invalid-model-name",
    message: `${path.basename(file)} cannot be the name of a model.`,
    reason: "A name has letters, digits, dots, - and _.",
    hint: "Rename the file, for example to my-model.gguf, and import it again.",
  });
}
