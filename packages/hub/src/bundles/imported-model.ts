import type { StoredModel } from "../store/stored-model.js";

export interface ImportModelOptions {
  onProgress?: ((progress: { doneBytes: number; totalBytes: number }) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface ImportedModel {
  model: StoredModel;
  /** Sentences for people. */
  notices: string[];
}

/** Hashes of an entry, and the path that it gets. */
export interface EntryHash {
  sha256: string;
  target: string;
}
