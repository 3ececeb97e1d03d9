/// <reference path="./semver.d.ts" />
import { statfsSync } from "node:fs";
import satisfies from "semver/functions/satisfies.js";
import validRange from "semver/ranges/valid.js";
import type { BundleManifest, BundleModel } from "../bundle/bundle-manifest.js";
import { FleetError } from "../fleet-error.js";
import type { ModelStore } from "./release-host.js";

/** Every file of a bundle takes whole blocks of this size. */
const BLOCK_BYTES = 4096;
/** Space beside the files: for links, state, sessions and logs. */
const SPARE_BYTES = 16 * 1024 * 1024;
const BYTES_PER_MB = 1_000_000;

/** Throws `FleetError` (`bundle-unsuitable`) if the bundle needs another version of nanoagent. */
export function checkVersion(manifest: BundleManifest, version: string): void {
  const range = manifest.requires?.nanoagent;
  if (range === undefined) return;
  if (validRange(range) === null) {
    throw new FleetError({
      code: "bundle-unsuitable",
      message: `The bundle requires nanoagent ${JSON.stringify(range)}, which is not a range of versions.`,
      hint: 'Create the bundle again with a range such as ">=0.1.0 <1".',
    });
  }
  if (satisfies(version, range, { includePrerelease: true })) return;
  throw new FleetError({
    code: "bundle-unsuitable",
    message: `The bundle requires nanoagent ${range}, but this is ${version}.`,
    hint: "Install a fitting version of nanoagent on this device first.",
  });
}

/**
 * Throws `FleetError` (`bundle-unsuitable`) if the disk has too little space: twice the files, since an agent may write as much
 * as it brings, and a reserve. `missingBytes`: the part of the bundle's own file that is still to be downloaded.
 */
export function checkDisk(root: string, manifest: BundleManifest, missingBytes = 0): void {
  const blocks = manifest.files.reduce((sum, file) => sum + Math.ceil(file.size / BLOCK_BYTES) + 1, 0);
  const needed = blocks * BLOCK_BYTES * 2 + SPARE_BYTES + missingBytes;
  const { bavail, bsize } = statfsSync(root);
  const free = bavail * bsize;
  if (free >= needed) return;
  throw new FleetError({
    code: "bundle-unsuitable",
    message: `The disk of ${root} has ${inMegabytes(free)} MB free, but the bundle needs ${inMegabytes(needed)} MB.`,
    reason: "The old release stays until the new one is proven.",
    hint: "Free some space, then apply or offer the bundle again.",
  });
}

/** Downloads the models that are missing. Throws `FleetError` (`bundle-unsuitable`), or the store's error. */
export async function provideModels(
  models: readonly BundleModel[],
  store: ModelStore | null,
  { signal, onProgress }: { signal: AbortSignal; onProgress: (share: number) => void },
): Promise<void> {
  if (models.length === 0) return;
  if (store === null) {
    throw new FleetError({
      code: "bundle-unsuitable",
      message: `The bundle needs the model ${models[0]?.name}, but this program has no store of models.`,
      hint: "Apply it with nanoagent bundle apply.",
    });
  }
  const missing: BundleModel[] = [];
  for (const model of models) {
    signal.throwIfAborted();
    if (!(await store.has(model, signal))) missing.push(model);
  }
  if (missing.length === 0) return;
  await store.requireSpace?.(missing);
  const total = models.reduce((sum, model) => sum + model.size, 0) || 1;
  let done = models.reduce((sum, model) => sum + (missing.includes(model) ? 0 : model.size), 0);
  for (const model of missing) {
    signal.throwIfAborted();
    // A model before it may have had the same contents.
    if (model === missing[0] || !(await store.has(model, signal))) {
      onProgress(done / total);
      const begin = done;
      await store.pull(model, {
        signal,
        onProgress: (share) => onProgress((begin + Math.min(1, Math.max(0, share)) * model.size) / total),
      });
    }
    done += model.size;
  }
}

function inMegabytes(bytes: number): string {
  return (bytes / BYTES_PER_MB).toFixed(1);
}
