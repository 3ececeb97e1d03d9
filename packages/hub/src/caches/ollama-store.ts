import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import path from "node:path";
import type { HubEnvironment } from "../environment/hub-environment.js";
import { readSmallFile } from "../files/read-small-file.js";
import { type WalkBudget, walkFolder } from "../files/walk-folder.js";
import { formatModelName } from "../names/format-model-name.js";
import { isOllamaNamespace, isOllamaPart, isRepository } from "../names/name-rules.js";
import { quantizationLabel } from "../names/quantization-label.js";
import { type OllamaLayer, readOllamaManifest } from "../sources/ollama-manifest.js";
import type { FoundFile, FoundModel, FoundModels } from "./found-model.js";

/** Most entries of a store's manifests that are looked at. */
const MAX_ENTRIES = 20_000;
/** Largest manifest. Those of models have about 1 KB. */
const MAX_MANIFEST_BYTES = 1_048_576;
/** A manifest is at `host/namespace/model/tag`. */
const DEPTH = 4;
const REGISTRY = "registry.ollama.ai";
const HUB_HOSTS = new Set(["hf.co", "huggingface.co"]);

/** Files of a model in Ollama's store. */
interface StoredManifest {
  /** SHA-256 of the manifest. */
  revision: string;
  model: FoundFile;
  /** Paths of the blobs with the license's text. */
  licenseFiles: readonly string[];
}

/**
 * Lists the models in the stores of Ollama that have one GGUF file. Models of other registries than Ollama's and
 * Hugging Face's have no name here.
 */
export async function listOllamaStores({ ollamaStores }: Pick<HubEnvironment, "ollamaStores">): Promise<FoundModels> {
  const found: FoundModels = { models: [], notices: [] };
  for (const store of ollamaStores) {
    const budget: WalkBudget = { entriesLeft: MAX_ENTRIES };
    for (const { path: file, relative } of await walkFolder(path.join(store, "manifests"), DEPTH, budget)) {
      const model = await readModel(store, file, relative);
      if (model !== null) found.models.push(model);
    }
    if (budget.entriesLeft <= 0) found.notices.push(`${store} has more than ${MAX_ENTRIES} manifests.`);
  }
  return found;
}

async function readModel(store: string, file: string, relative: string): Promise<FoundModel | null> {
  const [host = "", namespace = "", model = "", tag = "", ...more] = relative.split("/");
  if (more.length > 0) return null;
  const name = nameOf(host.toLowerCase(), namespace, model, tag);
  const manifest = name === null ? null : await readStoredManifest(store, file);
  if (name === null || manifest === null) return null;
  return {
    ...name,
    place: "ollama-store",
    source: "ollama",
    revision: manifest.revision,
    references: [],
    file: null,
    files: [manifest.model],
    licenseFiles: manifest.licenseFiles,
  };
}

function nameOf(
  host: string,
  namespace: string,
  model: string,
  tag: string,
): Pick<FoundModel, "name" | "repository" | "quantization"> | null {
  if (!isOllamaPart(tag)) return null;
  const quantization = quantizationLabel(tag);
  if (HUB_HOSTS.has(host)) {
    const repository = `${namespace}/${model}`;
    return isRepository(repository) ? { name: "", repository, quantization } : null;
  }
  if (host !== REGISTRY || !isOllamaNamespace(namespace) || !isOllamaPart(model)) return null;
  const name = formatModelName({ source: "ollama", namespace, model, tag });
  return { name, repository: `${namespace}/${model}:${tag}`, quantization };
}

/**
 * Reads a manifest. Returns null if it is not one, if it has not exactly one layer with a GGUF file, or if the blob of
 * that layer is missing or has another size.
 */
async function readStoredManifest(store: string, file: string): Promise<StoredManifest | null> {
  try {
    const text = await readSmallFile(file, MAX_MANIFEST_BYTES);
    const layers = readOllamaManifest(JSON.parse(text.toString("utf8")))?.layers ?? [];
    const [model, ...others] = layers.filter(({ kind }) => kind === "model");
    if (model === undefined || others.length > 0) return null;
    const { bytes, sha256 } = model;
    const status = await stat(blobOf(store, model));
    if (!status.isFile() || status.size !== bytes) return null;
    return {
      revision: createHash("sha256").update(text).digest("hex"),
      model: { path: blobOf(store, model), bytes, sha256, mtimeMs: status.mtimeMs, gitSha1: null },
      licenseFiles: layers.filter(({ kind }) => kind === "license").map((layer) => blobOf(store, layer)),
    };
  } catch {
    return null;
  }
}

function blobOf(store: string, { sha256 }: OllamaLayer): string {
  return path.join(store, "blobs", `sha256-${sha256}`);
}
