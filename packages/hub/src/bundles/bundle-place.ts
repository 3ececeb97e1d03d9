import { rm } from "node:fs/promises";
import path from "node:path";
import { cutText } from "@nanoagent/models";
import {
  blobPath,
  isTaken,
  placeSnapshot,
  readReference,
  repositoryFolder,
  snapshotPath,
  writeReference,
} from "../caches/hub-cache.js";
import { licenseFolder, namedModelPath, ollamaModelPath } from "../caches/own-models.js";
import type { HubEnvironment } from "../environment/hub-environment.js";
import { HubError } from "../hub-error.js";
import { modelWord } from "../names/model-word.js";
import { isWord } from "../names/name-rules.js";
import { parseModelName } from "../names/parse-model-name.js";
import { splitOf } from "../sources/choose-files.js";
import { listModels } from "../store/list-models.js";
import { recordModel, type VerifiedModel } from "../store/record-model.js";
import type { StoredModel } from "../store/stored-model.js";
import { type BundleFile, type BundleManifest, LICENSE_FOLDER, MODEL_FOLDER } from "./bundle-manifest.js";
import type { EntryHash, ImportedModel } from "./imported-model.js";
import type { StagedFiles } from "./staged-files.js";

/** The place of a bundle's files on this device. */
export interface BundlePlace {
  /** Folder whose disk gets the files. */
  folder: string;
  /** The same model, verified, if it is already here; otherwise null. */
  present: StoredModel | null;
  /** Returns the final path of an entry. `hash` is the SHA-256, or the git SHA-1 of a license. */
  targetOf(file: BundleFile, hash: string): string;
  /** Places the staged files, and records the model. */
  finish(staged: StagedFiles, hashes: ReadonlyMap<string, EntryHash>): Promise<ImportedModel>;
}

/**
 * Chooses the place by the manifest: Hugging Face's cache for a model with repository and commit, so that its name
 * works offline, and the models folder for all others. Throws a `HubError` with code `store-unusable` if another file
 * is there.
 */
export async function bundlePlace(manifest: BundleManifest, environment: HubEnvironment): Promise<BundlePlace> {
  const { source, repository, revision } = manifest;
  const isHub = source === "huggingface" && repository !== null && revision !== null;
  return isHub ? cachePlace(manifest, repository, revision, environment) : ownPlace(manifest, environment);
}

async function cachePlace(
  manifest: BundleManifest,
  repository: string,
  commit: string,
  environment: HubEnvironment,
): Promise<BundlePlace> {
  const snapshotOf = ({ path }: BundleFile) =>
    snapshotPath(environment, repository, commit, path.slice(path.indexOf("/") + 1));
  const paths = manifest.files.map(snapshotOf);
  const present = await findPresent(environment, paths, manifest);
  if (present === null) for (const file of paths) await requireFree(file, manifest.name);
  return {
    folder: environment.hubCache,
    present,
    targetOf: ({ path }, hash) =>
      path.startsWith(LICENSE_FOLDER)
        ? blobPath(environment, repository, { sha256: null, gitSha1: hash })
        : blobPath(environment, repository, { sha256: hash, gitSha1: null }),
    async finish(staged, hashes) {
      const created = await staged.place();
      const place = async (file: BundleFile) => {
        const blob = hashes.get(file.path)?.target ?? "";
        const path = file.path.slice(file.path.indexOf("/") + 1);
        const snapshot = await placeSnapshot(environment, { repository, commit, reference: null, path, blob });
        created.push(snapshot);
        return snapshot;
      };
      const licenseFiles: string[] = [];
      try {
        for (const file of manifest.license_files) {
          // A license that is there stays, whoever put it there.
          if (!(await isTaken(snapshotOf(file)))) licenseFiles.push(await place(file));
        }
        for (const file of manifest.files) await place(file);
        await setReference(environment, repository, manifest.reference, commit);
      } catch (error) {
        for (const file of created) await rm(file, { force: true }).catch(() => {});
        throw error;
      }
      return record(environment, manifest, { name: manifest.name, paths, licenseFiles, isHub: true });
    },
  };
}

/** Sets the branch that the model came from, unless it is known here: this device may have a newer one. */
async function setReference(environment: HubEnvironment, repository: string, reference: string | null, commit: string) {
  if (reference === null) return;
  const file = path.join(repositoryFolder(environment, repository), "refs", ...reference.split("/"));
  if ((await readReference(file)) === null) await writeReference(environment, repository, reference, commit);
}

async function ownPlace(manifest: BundleManifest, environment: HubEnvironment): Promise<BundlePlace> {
  const { name, targets } = ownTargets(manifest, environment);
  const paths = manifest.files.map((file) => targets.get(file.path) ?? "");
  const present = await findPresent(environment, paths, manifest);
  if (present === null) for (const file of paths) await requireFree(file, name);
  const licenses = licenseFolder(environment, name);
  const targetOf = (file: BundleFile) =>
    targets.get(file.path) ?? path.join(licenses, ...file.path.slice(LICENSE_FOLDER.length).split("/"));
  return {
    folder: environment.modelsFolder,
    present,
    targetOf,
    async finish(staged) {
      await staged.place();
      return record(environment, manifest, {
        name,
        paths,
        licenseFiles: manifest.license_files.map(targetOf),
        isHub: false,
      });
    },
  };
}

/** Returns the name in the models folder, and the final paths of the model's files. */
function ownTargets(
  manifest: BundleManifest,
  environment: HubEnvironment,
): { name: string; targets: Map<string, string> } {
  const [first] = manifest.files as [BundleFile];
  if (manifest.source === "ollama" && manifest.files.length === 1) {
    const ollama = parseModelName(manifest.name, environment);
    if (ollama.source === "ollama") {
      return { name: manifest.name, targets: new Map([[first.path, ollamaModelPath(environment, ollama)]]) };
    }
  }
  const stem = first.path.slice(MODEL_FOLDER.length).replace(/-\d{5}-of-\d{5}\.gguf$/i, "");
  const word = isWord(manifest.name) ? manifest.name : modelWord(stem);
  if (word === null) {
    throw new HubError({
      code: "bundle-invalid",
      message: "The model has no usable name.",
      reason: `Neither ${JSON.stringify(cutText(manifest.name, 80))} nor the name of its file can be a name here.`,
      hint: "Export it again under another name.",
    });
  }
  const count = manifest.files.length;
  const targets = manifest.files.map((file, index): [string, string] => {
    const number = splitOf(file.path)?.part ?? index + 1;
    return [file.path, namedModelPath(environment, word, count === 1 ? undefined : { number, count })];
  });
  return { name: word, targets: new Map(targets) };
}

/** Returns the model at these paths if it is verified and has the manifest's hash. */
async function findPresent(
  environment: HubEnvironment,
  paths: readonly string[],
  { files }: BundleManifest,
): Promise<StoredModel | null> {
  const { models } = await listModels(environment);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return (
    models.find(
      (model) =>
        model.verified && model.path === paths[0] && model.sha256 === files[0]?.sha256 && model.bytes === bytes,
    ) ?? null
  );
}

/** Throws if something is at the place of a new file. */
export async function requireFree(file: string, name: string): Promise<void> {
  if (!(await isTaken(file))) return;
  throw new HubError({
    code: "store-unusable",
    message: `${name} is already on this device.`,
    reason: `${file} exists, and an import never replaces a file.`,
    hint: `Check it with nanoagent models verify ${name}, or remove it with nanoagent models rm ${name}.`,
  });
}

async function record(
  environment: HubEnvironment,
  manifest: BundleManifest,
  { name, paths, licenseFiles, isHub }: { name: string; paths: string[]; licenseFiles: string[]; isHub: boolean },
): Promise<ImportedModel> {
  const { repository, revision, quantization, license } = manifest;
  // The folder alone says what LM Studio's is.
  const source = manifest.source === "lm-studio" ? "import" : manifest.source;
  const files: VerifiedModel["files"] = manifest.files.map(({ sha256 }, index) => ({
    path: paths[index] ?? "",
    sha256,
  }));
  const facts = { name, source, repository, revision, quantization, license, files, own: true, licenseFiles };
  const { notices } = await recordModel(environment, facts);
  const { models } = await listModels(environment);
  const model = models.find(({ path }) => path === paths[0]);
  if (model === undefined) {
    throw new HubError({
      code: "store-unusable",
      message: `${name} was stored, but cannot be found again.`,
      reason: isHub ? "Another program changed the cache meanwhile." : "Another program changed the folder meanwhile.",
      hint: "Import it again.",
    });
  }
  return { model, notices };
}
