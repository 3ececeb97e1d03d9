/** First line of a bundle. */
export const FIRST_LINE = "nanoagent-bundle 1\n";
/** Most files of a bundle. */
export const MAX_FILES = 10_000;
/** Largest manifest: 10,000 files with paths of several hundred bytes. */
export const MAX_MANIFEST_BYTES = 8 * 1024 * 1024;
/** Longest line of signatures. */
export const MAX_SIGNATURES_BYTES = 64 * 1024;
/** Most signatures of a bundle. */
export const MAX_SIGNATURES = 16;
/** Largest sum of the sizes of the files. Models are not in a bundle. */
export const MAX_CONTENT_BYTES = 1024 * 1024 * 1024;

/** Signed description of a bundle, the second line of its file. */
export interface BundleManifest {
  readonly format: 1;
  readonly name: string;
  readonly version: string;
  /** Counter that only grows: a device never goes back to a lower one. */
  readonly sequence: number;
  /** ISO 8601. */
  readonly created: string;
  readonly requires?:
    | { /** Range of versions, such as `>=0.1.0 <1`. */ readonly nanoagent?: string | undefined }
    | undefined;
  /** Models that the config names. They are not in the bundle. */
  readonly models?: readonly BundleModel[] | undefined;
  readonly files: readonly BundleFile[];
}

/** A model that a device must have: it is in its store, or is downloaded and compared with the hash. */
export interface BundleModel {
  /** Name in the config, after `hub:`. */
  readonly name: string;
  /** Name that it is downloaded by, such as `org/repo:Q4_K_M`. */
  readonly source: string;
  readonly size: number;
  /** Of the model's file, 64 hexadecimal digits. */
  readonly sha256: string;
}

export interface BundleFile {
  /** Plain segments, separated by `/`. */
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
  /** 420 (0644) or 493 (0755). */
  readonly mode: 420 | 493;
}

/** A signature of the manifest's bytes, without the end of the line. */
export interface BundleSignature {
  readonly algorithm: "ed25519";
  /** Base64. */
  readonly signature: string;
  /** Fingerprint of the key, for people. Any key that is trusted is tried. */
  readonly key?: string | undefined;
}

/** The lines before the files of a bundle, checked for their form. Nothing is verified yet. */
export interface BundleHead {
  readonly manifest: BundleManifest;
  /** The manifest exactly as it is signed. */
  readonly manifestBytes: Uint8Array;
  /** SHA-256 of these bytes, which names the bundle. */
  readonly manifestSha256: string;
  readonly signatures: readonly BundleSignature[];
  /** Where the first file begins. */
  readonly headBytes: number;
  /** Size of the whole bundle. */
  readonly totalBytes: number;
}
