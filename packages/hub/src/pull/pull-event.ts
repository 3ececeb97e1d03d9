import type { ModelChoice } from "../choices/plan-choices.js";
import type { RemoteRepository } from "../sources/remote-model.js";

/** A step of a pull. */
export type PullEvent =
  /** A sentence for people: a renamed repository, a file that is left out. */
  | { type: "notice"; message: string }
  /** The header of a file is being read. `file` is its path in the repository. */
  | { type: "header"; file: string; index: number; count: number }
  /** All quantizations with their plans, those that fit first; `best` is the one that is recommended. */
  | {
      type: "choices";
      repository: RemoteRepository;
      choices: readonly ModelChoice[];
      best: ModelChoice | null;
    }
  /** Bytes of the model that are on this device now. */
  | { type: "progress"; receivedBytes: number; totalBytes: number | null };

/** A downloaded model. */
export interface PulledModel {
  name: string;
  /** Absolute path of its file, or of the first of its parts. */
  path: string;
  /** Size of all its files. */
  bytes: number;
  /** SHA-256 of the file, or of the first part. */
  sha256: string;
  /** License as the source names it; null if it does not. */
  license: string | null;
  /** Bytes that this pull received. */
  downloadedBytes: number;
  /** Whether the contents were compared with a hash from the source. An address has none. */
  isCompared: boolean;
}
