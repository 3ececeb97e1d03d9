import type { ModelOrigin } from "./model-origin.js";

/** Program whose folder contains a model. */
export type ModelPlace = "hub-cache" | "ollama-store" | "lm-studio-folder" | "own-models";

/** One file of a model on disk, as the folder shows it. */
export interface FoundFile {
  /** Absolute path. In the hub's cache, that of the snapshot. */
  path: string;
  bytes: number;
  /** Time of the last change, in milliseconds since 1970. */
  mtimeMs: number;
  /** SHA-256 that the store names the contents by; null if it does not. */
  sha256: string | null;
  /** SHA-1 of the git blob that the store names the contents by; null if it does not. */
  gitSha1: string | null;
}

/** A model on this device, before its stamp is compared. */
export interface FoundModel {
  name: string;
  place: ModelPlace;
  source: ModelOrigin;
  repository: string | null;
  revision: string | null;
  /** Branches and tags of the repository that stand for `revision`. */
  references: readonly string[];
  /** Path in the repository of the first file, with slashes; otherwise null. */
  file: string | null;
  quantization: string | null;
  /** Files of a split model in order, or the one file. */
  files: readonly [FoundFile, ...FoundFile[]];
  /** Files with the license's text, where the store names them. */
  licenseFiles?: readonly string[] | undefined;
}

/** Models of one folder, with sentences for people about those that are left out. */
export interface FoundModels {
  models: FoundModel[];
  notices: string[];
}
