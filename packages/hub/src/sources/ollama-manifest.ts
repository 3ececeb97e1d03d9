import { asBytes, asObject } from "./read-json.js";

const MEDIA_TYPE = "application/vnd.ollama.image.";

/** A blob that a manifest refers to. */
export interface OllamaLayer {
  /** Last part of the media type: `model`, `projector`, `template`; null for a type that is not Ollama's. */
  kind: string | null;
  /** 64 hex digits. */
  sha256: string;
  bytes: number;
}

export interface OllamaManifest {
  config: OllamaLayer | null;
  layers: readonly OllamaLayer[];
}

/** Reads a manifest. Returns null for a value that is not one. */
export function readOllamaManifest(value: unknown): OllamaManifest | null {
  const { config, layers } = asObject(value) ?? {};
  if (!Array.isArray(layers)) return null;
  const read = layers.map(readLayer);
  if (!read.every((layer) => layer !== null)) return null;
  return { config: readLayer(config), layers: read };
}

function readLayer(value: unknown): OllamaLayer | null {
  const { mediaType, digest, size } = asObject(value) ?? {};
  const sha256 = typeof digest === "string" ? /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1] : undefined;
  const bytes = asBytes(size);
  if (sha256 === undefined || bytes === null || typeof mediaType !== "string") return null;
  return { kind: mediaType.startsWith(MEDIA_TYPE) ? mediaType.slice(MEDIA_TYPE.length) : null, sha256, bytes };
}
