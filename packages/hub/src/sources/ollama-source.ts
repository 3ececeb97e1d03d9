import { createHash } from "node:crypto";
import { HubError } from "../hub-error.js";
import { formatModelName } from "../names/format-model-name.js";
import type { OllamaName } from "../names/model-name.js";
import { quantizationLabel } from "../names/quantization-label.js";
import type { HttpResponse } from "../network/http-client.js";
import { refusalOf } from "../network/hub-errors.js";
import { storedLicenses } from "./license-files.js";
import { licenseOfText } from "./license-text.js";
import { type OllamaLayer, type OllamaManifest, readOllamaManifest } from "./ollama-manifest.js";
import { asObject, excessOf, malformedAnswer, parseJson } from "./read-json.js";
import type { RemoteFile, RemoteRepository } from "./remote-model.js";
import { requestListing } from "./request-listing.js";
import type { SourceContext } from "./source-context.js";

const MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json";
const MAX_MANIFEST_BYTES = 1024 * 1024;

/** Largest blob that is read for the quantization or the license. Configurations have about 500 bytes. */
const MAX_TEXT_BYTES = 256 * 1024;

/** Kinds of layers that are not used, with the sentence that says so. */
const UNUSED_LAYERS: readonly { kinds: readonly string[]; notice: string }[] = [
  {
    kinds: ["template", "system", "params", "messages"],
    notice: "Ollama's template, system prompt and parameters are not used: the chat template in the file is.",
  },
  { kinds: ["projector"], notice: "Left out the projector: images are not read." },
  { kinds: ["draft"], notice: "Left out the draft model: it is not a model by itself." },
];

/**
 * Finds a model in Ollama's registry. Sends one request for the manifest, and two small ones for the license and, if
 * the tag does not say it, the quantization.
 *
 * Throws a `HubError`: `repository-not-found`, `model-not-gguf` for a model in another format, in several files or as an
 * adapter, `hub-refused`, and those of the client.
 */
export async function openOllamaModel(name: OllamaName, context: SourceContext): Promise<RemoteRepository> {
  const base = `${context.environment.ollamaRegistry}/v2/${name.namespace}/${name.model}`;
  const url = `${base}/manifests/${name.tag}`;
  const response = await requestListing({ url, headers: { accept: MANIFEST_TYPE } }, context);
  if (response.status !== 200) throw ollamaRefusal(response, name);
  const text = await response.text(MAX_MANIFEST_BYTES);
  const manifest = readOllamaManifest(parseJson(text, response));
  if (manifest === null) throw malformedAnswer(response, "The answer is not the manifest of a model.");

  const model = modelLayer(manifest, name);
  const fileOf = ({ sha256, bytes }: OllamaLayer, path: string): RemoteFile => {
    return { path, bytes, sha256, gitSha1: null, url: `${base}/blobs/sha256:${sha256}` };
  };
  const licenses = manifest.layers.filter(({ kind }) => kind === "license");
  const licenseFiles = licenses.map((layer, index) => fileOf(layer, index === 0 ? "LICENSE" : `LICENSE-${index + 1}`));
  const [quantization, license] = await Promise.all([
    quantizationLabel(name.tag) ?? labelInConfig(manifest.config, base, context),
    licenses[0] === undefined || licenses.length > 1 ? null : licenseInLayer(licenses[0], base, context),
  ]);
  const kinds = new Set(manifest.layers.map(({ kind }) => kind));
  return {
    source: "ollama",
    repository: `${name.namespace}/${name.model}:${name.tag}`,
    reference: name.tag,
    revision: createHash("sha256").update(text).digest("hex"),
    license,
    licenseFiles: storedLicenses(licenseFiles),
    models: [{ quantization, files: [fileOf(model, `${name.model}-${name.tag}.gguf`)] }],
    notices: UNUSED_LAYERS.filter((row) => row.kinds.some((kind) => kinds.has(kind))).map(({ notice }) => notice),
  };
}

/** Returns the only layer with a model. */
function modelLayer({ layers }: OllamaManifest, name: OllamaName): OllamaLayer {
  const models = layers.filter(({ kind }) => kind === "model");
  const [model] = models;
  const refuse = (reason: string) =>
    new HubError({
      code: "model-not-gguf",
      message: `${formatModelName(name)} cannot be used as one GGUF file.`,
      reason,
      hint: `Choose another tag at https://ollama.com/${name.namespace}/${name.model}/tags, or a repository of Hugging Face.`,
    });
  if (layers.some(({ kind }) => kind === "tensor"))
    throw refuse("Its weights are separate tensors for another engine.");
  if (model === undefined) throw refuse("Its manifest has no model, as for models that run only in Ollama's cloud.");
  if (models.length > 1) throw refuse(`Its weights are in ${models.length} files, which only Ollama can put together.`);
  if (layers.some(({ kind }) => kind === "adapter"))
    throw refuse("It is a model with a LoRA adapter, which would be lost.");
  return model;
}

async function labelInConfig(config: OllamaLayer | null, base: string, context: SourceContext): Promise<string | null> {
  const text = config === null ? null : await readBlob(config, base, context);
  if (text === null) return null;
  try {
    const type = excessOf(text) !== null ? null : asObject(JSON.parse(text))?.file_type;
    return typeof type === "string" ? quantizationLabel(type) : null;
  } catch {
    return null;
  }
}

async function licenseInLayer(layer: OllamaLayer, base: string, context: SourceContext): Promise<string | null> {
  const text = await readBlob(layer, base, context);
  return text === null ? null : licenseOfText(text);
}

/** Reads a small blob, whose contents are known but not needed: returns null if it cannot be read or has a wrong hash. */
async function readBlob(layer: OllamaLayer, base: string, { client, signal }: SourceContext): Promise<string | null> {
  if (layer.bytes > MAX_TEXT_BYTES) return null;
  try {
    const response = await client.request({ url: `${base}/blobs/sha256:${layer.sha256}`, signal });
    if (response.status !== 200) {
      response.body.destroy();
      return null;
    }
    const text = await response.text(MAX_TEXT_BYTES);
    return createHash("sha256").update(text).digest("hex") === layer.sha256 ? text : null;
  } catch (cause) {
    signal?.throwIfAborted();
    if (HubError.isInstance(cause)) return null;
    throw cause;
  }
}

function ollamaRefusal(response: HttpResponse, name: OllamaName): HubError {
  const shown = formatModelName(name);
  response.body.destroy();
  if (response.status === 412) {
    return new HubError({
      code: "hub-refused",
      message: `Ollama's registry did not send ${shown}.`,
      reason: "It answered with status 412: the model needs a newer version of Ollama.",
      hint: `Choose another tag at https://ollama.com/${name.namespace}/${name.model}/tags.`,
    });
  }
  if (response.status === 404 || response.status === 401) {
    return new HubError({
      code: "repository-not-found",
      message: `${shown} was not found in Ollama's registry.`,
      reason: "The model or the tag does not exist, or the model is private.",
      hint: `Look for its tags at https://ollama.com/${name.namespace}/${name.model}/tags.`,
    });
  }
  return refusalOf(response, shown);
}
