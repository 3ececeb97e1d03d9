import type { ModelOrigin } from "../caches/model-origin.js";

/** A model on this device that can be used by its name. */
export interface StoredModel {
  /** Name that commands accept: `org/repo:Q4_K_M`, `ollama:name:tag`, `my-model`. */
  name: string;
  /** Absolute path of its file, or of the first of its parts. */
  path: string;
  /** Size of all its files. */
  bytes: number;
  /** SHA-256 of the file, or of the first part; null if unknown. */
  sha256: string | null;
  source: ModelOrigin;
  repository: string | null;
  revision: string | null;
  quantization: string | null;
  license: string | null;
  /** Whether the contents were compared with the hash, and size and time have not changed since. */
  verified: boolean;
}
