/** The release of a bundle that a service runs from, and its last update. */
export interface ReleaseStatus {
  /** Folder of the releases. */
  root: string;
  /** Null while `current` leads to no release. */
  bundle: { name: string; version: string; sequence: number } | null;
  /** Null before the first update that this service made. */
  update: UpdateStatus | null;
}

export interface UpdateStatus {
  sequence: number;
  /** Such as `proving`, `applied` or `rolled-back`. */
  state: string;
  /** Sentences, or null. */
  reason: string | null;
  /** ISO 8601. */
  at: string;
}
