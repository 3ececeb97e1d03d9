/** A file at a source, pinned to one version. */
export interface RemoteFile {
  /** Path in the repository, with slashes; for an address, the file's name. */
  path: string;
  /** Size in bytes; null if the source does not say it. */
  bytes: number | null;
  /** SHA-256 of the contents, 64 hex digits in lower case; null if the source does not say it. */
  sha256: string | null;
  /** SHA-1 of the git blob, 40 hex digits, for a file that is not in LFS; otherwise null. */
  gitSha1: string | null;
  /** Address of the contents. */
  url: string;
}

/** One model of a repository: one file, or all parts of a split model in order. */
export interface RemoteModel {
  /** Label of its quantization, in upper case: `Q4_K_M`; null if the name has none. */
  quantization: string | null;
  /** At least one file. */
  files: readonly [RemoteFile, ...RemoteFile[]];
}

/** Facts about a repository from its source. */
export interface RemoteRepository {
  source: "huggingface" | "ollama" | "address";
  /** `org/repo`, with the current name of a renamed repository; `namespace/name:tag` of Ollama; null for an address. */
  repository: string | null;
  /** Branch or tag that was asked for: `main`. */
  reference: string | null;
  /** Commit, or digest of Ollama's manifest; null for an address. */
  revision: string | null;
  /** License as the source names it: `apache-2.0`; null if it does not. */
  license: string | null;
  /** Files with the text of the license, if there are any. */
  licenseFiles: readonly RemoteFile[];
  /** Models, without side files such as projectors and draft models. */
  models: readonly RemoteModel[];
  /** Sentences for people: renamed repository, left-out files. */
  notices: readonly string[];
}
