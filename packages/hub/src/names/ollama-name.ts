import { invalidName } from "./invalid-name.js";
import type { OllamaName } from "./model-name.js";
import { isOllamaNamespace, isOllamaPart } from "./name-rules.js";
import { decodeSegment } from "./plain-address.js";

const OLLAMA_HOSTS = new Set(["ollama.com", "www.ollama.com", "registry.ollama.ai"]);
const DEFAULT_NAMESPACE = "library";
const DEFAULT_TAG = "latest";
const HINT = "Write a model of Ollama as ollama:name, ollama:name:tag or ollama:namespace/name:tag.";

/** Whether a host has Ollama's pages or its registry. */
export function isOllamaHost(host: string): boolean {
  return OLLAMA_HOSTS.has(host);
}

/** Reads `[namespace/]name[:tag]`. `text` is the whole name, for messages. */
export function parseOllamaName(name: string, text: string): OllamaName {
  const segments = name.split("/");
  const last = segments.at(-1) ?? "";
  const namespace = segments.length === 1 ? DEFAULT_NAMESPACE : (segments[0] ?? "");
  const [model = "", tag = DEFAULT_TAG, ...others] = last.split(":");
  if (segments.length > 2 || others.length > 0) {
    throw invalidName(text, "It has too many parts for a model of Ollama.", HINT);
  }
  if (!isOllamaNamespace(namespace) || !isOllamaPart(model) || !isOllamaPart(tag)) {
    throw invalidName(
      text,
      "Each part of an Ollama name has 1 to 80 letters, digits, dots, - and _, and ends with a letter or digit.",
      HINT,
    );
  }
  return { source: "ollama", namespace, model, tag };
}

/** Reads the address of a model's page at ollama.com: `/library/name[:tag]`, also its list of tags. */
export function parseOllamaAddress(text: string, url: URL): OllamaName {
  const segments = url.pathname.split("/").filter((segment) => segment !== "");
  const isTags = segments.length === 3 && segments[2] === "tags";
  if (segments.length !== 2 && !isTags) {
    throw invalidName(
      text,
      "It is not the address of a model's page at Ollama, such as ollama.com/library/name.",
      HINT,
    );
  }
  const [namespace = "", model = ""] = segments.map((segment) => decodeSegment(segment) ?? "");
  return parseOllamaName(`${namespace}/${model}`, text);
}
