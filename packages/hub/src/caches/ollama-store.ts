import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import path from "node:path";
import type { HubEnvironment } from "../environment/hub-environment.js";
import { readSmallFile } from "../files/read-small-file.js";
import { isSha256 } from "../files/safe-name.js";
import { type WalkBudget, walkFolder } from "../files/walk-folder.js";
import { formatModelName } from "../names/format-model-name.js";
import { isOllamaNamespace, isOllamaPart, isRepository } from "../names/name-rules.js";
import { quantizationLabel } from "../names/quantization-label.js";
import type { FoundFile, FoundModel, FoundModels } from "./found-model.js";

/** Most entries of a store's manifests that are looked at. */
const MAX_ENTRIES = 20_000;
/** Largest manifest. Those of models have about 1 KB. */
const MAX_MANIFEST_BYTES = 1_048_576;
/** A manifest is at `host/namespace/model/tag`. */
const DEPTH = 4;
const LAYER = "application/vnd.ollama.image.";
const REGISTRY = "registry.ollama.ai";
const HUB_HOSTS = new Set(["hf.co", "huggingface.co"]);

/** Files of a model in Ollama's store. */
interface OllamaManifest {
  /** `sha256:` and the hash of the manifest. */
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
  const manifest = name === null ? null : await readOllamaManifest(store, file);
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
async function readOllamaManifest(store: string, file: string): Promise<OllamaManifest | null> {
  try {
    const text = await readSmallFile(file, MAX_MANIFEST_BYTES);
    const { layers } = JSON.parse(text.toString("utf8")) as { layers?: unknown };
    if (!Array.isArray(layers)) return null;
    const blobsOf = (kind: string) =>
      layers.filter((layer) => layer?.mediaType === `${LAYER}${kind}`).map((layer) => blobOf(store, layer));
    const [model, ...others] = blobsOf("model");
    if (!model || others.length > 0) return null;
    const status = await stat(model.path);
    if (!status.isFile() || status.size !== model.bytes) return null;
    return {
      revision: `sha256:${createHash("sha256").update(text).digest("hex")}`,
      model: { ...model, mtimeMs: status.mtimeMs, gitSha1: null },
      licenseFiles: blobsOf("license").flatMap((blob) => (blob === null ? [] : [blob.path])),
    };
  } catch {
    return null;
  }
}

function blobOf(store: string, { digest, size }: { digest?: unknown; size?: unknown }) {
  const sha256 = typeof digest === "string" && digest.startsWith("sha256:") ? digest.slice(7) : null;
  if (!isSha256(sha256) || !Number.isSafeInteger(size)) return null;
  return { path: path.join(store, "blobs", `sha256-${sha256}`), bytes: size as number, sha256 };
}
