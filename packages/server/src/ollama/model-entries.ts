import { createHash } from "node:crypto";
import type { ServedAgent, ServedModel } from "../service/served-agent.js";
import { modelName } from "./model-name.js";

/** A served model stays loaded. Clients show a date that is further away than 100 years as "forever". */
const NEVER = "2200-01-01T00:00:00Z";

interface ModelDetails {
  parent_model: string;
  format: string;
  family: string;
  families: string[];
  /** As people write it: `135M`, `1.7B`. Empty if unknown. */
  parameter_size: string;
  quantization_level: string;
}

/** Returns the list of `/api/tags`. */
export function listTags(served: ServedAgent): object {
  return {
    models: served.listModels().map((model) => ({
      ...identify(model),
      modified_at: modifiedAt(model),
      details: describeModel(model),
      capabilities: capabilitiesOf(model),
    })),
  };
}

/** Returns the list of `/api/ps`. All served models are loaded. Size is that of the model file. */
export function listRunning(served: ServedAgent): object {
  return {
    models: served.listModels().map((model) => ({
      ...identify(model),
      details: describeModel(model),
      expires_at: NEVER,
      size_vram: 0,
      context_length: model.facts.contextTokens ?? 0,
    })),
  };
}

/** Returns what `/api/show` tells about a model. */
export function showModel(model: ServedModel): object {
  const { facts, file, id } = model;
  const architecture = architectureOf(model);
  const contextTokens = facts.longestContextTokens ?? facts.contextTokens ?? facts.trainedTokens;
  return {
    modelfile: "",
    parameters: facts.contextTokens === null ? "" : `num_ctx ${facts.contextTokens}`,
    template: "",
    license: "",
    details: describeModel(model),
    model_info: {
      "general.architecture": architecture,
      "general.basename": id,
      ...(typeof facts.parameters === "number" && { "general.parameter_count": facts.parameters }),
      // The longest context that a client can use here. The model may have been trained for a longer one.
      ...(typeof contextTokens === "number" && { [`${architecture}.context_length`]: contextTokens }),
      ...(file?.quantization && { "general.quantization": file.quantization }),
    },
    capabilities: capabilitiesOf(model),
    modified_at: modifiedAt(model),
  };
}

function identify(model: ServedModel): { name: string; model: string; size: number; digest: string } {
  const name = modelName(model);
  const size = model.file?.bytes ?? 0;
  // Clients tell models apart by it. The content of a file of gigabytes is not hashed for that.
  const digest = createHash("sha256")
    .update(JSON.stringify([name, size, modifiedAt(model)]))
    .digest("hex");
  return { name, model: name, size, digest };
}

function describeModel(model: ServedModel): ModelDetails {
  const family = architectureOf(model);
  return {
    parent_model: "",
    format: model.file === null ? "" : "gguf",
    family,
    families: [family],
    parameter_size: typeof model.facts.parameters === "number" ? shortNumber(model.facts.parameters) : "",
    quantization_level: model.file?.quantization ?? "",
  };
}

/**
 * Embeddings are not listed although most models can compute them: clients take a model with this capability for one
 * that cannot chat, and hide it.
 */
function capabilitiesOf({ facts }: ServedModel): string[] {
  return facts.callsTools === false ? ["completion"] : ["completion", "tools"];
}

function architectureOf({ file, facts }: ServedModel): string {
  return file?.architecture ?? facts.name;
}

function modifiedAt({ file, createdSeconds }: ServedModel): string {
  return (file?.modifiedAt ?? new Date(createdSeconds * 1000)).toISOString();
}

/** `134.52M`, `1.7B`, as Ollama writes numbers of parameters. */
function shortNumber(value: number): string {
  if (value >= 1e9) return `${trimZeros(value / 1e9, 1)}B`;
  if (value >= 1e6) return `${trimZeros(value / 1e6, 2)}M`;
  return value >= 1e3 ? `${trimZeros(value / 1e3, 0)}K` : String(value);
}

function trimZeros(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}
