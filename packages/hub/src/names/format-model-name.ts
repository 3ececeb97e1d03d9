import type { ModelName } from "./model-name.js";

const PAGES = "https://huggingface.co";

/**
 * Returns the canonical text of a name, which `parseModelName` reads as the same name: `org/repo:Q4_K_M`,
 * `ollama:name:tag`. A file or revision of the hub is written as the address of its page at huggingface.co, whatever the
 * endpoint is.
 */
export function formatModelName(name: ModelName): string {
  if (name.source === "word") return name.word;
  if (name.source === "address") return name.url;
  if (name.source === "ollama") {
    const namespace = name.namespace === "library" ? "" : `${name.namespace}/`;
    return `ollama:${namespace}${name.model}${name.tag === "latest" ? "" : `:${name.tag}`}`;
  }
  const { repository, quantization, file, revision } = name;
  const at = encodeURIComponent(revision ?? "main");
  if (file !== null) return `${PAGES}/${repository}/blob/${at}/${encodePath(file)}`;
  const label = quantization === null ? "" : `:${quantization}`;
  return revision === null ? `${repository}${label}` : `${PAGES}/${repository}/tree/${at}${label}`;
}

/** Encodes every segment of a path for an address. */
export function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
