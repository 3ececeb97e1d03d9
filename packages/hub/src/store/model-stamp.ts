import type { ModelOrigin } from "../caches/model-origin.js";
import { isSha256 } from "../files/safe-name.js";

/** Size, time and hash of one file when it was last hashed. */
export interface FileStamp {
  /** Absolute path. */
  path: string;
  bytes: number;
  /** Time of its last change, in milliseconds since 1970; a time that no file has after its contents were found wrong. */
  mtime_ms: number;
  sha256: string;
}

/** The record of a model's files as they were last hashed, and where they come from. */
export interface ModelStamp extends FileStamp {
  /** Size of all its files. `path`, `mtime_ms` and `sha256` are those of the first. */
  bytes: number;
  name: string;
  source: ModelOrigin;
  repository: string | null;
  revision: string | null;
  quantization: string | null;
  license: string | null;
  /** Time of the hash in ISO 8601. */
  verified_at: string;
  /** All files of a split model, in order. */
  parts?: FileStamp[] | undefined;
  /** Whether nanoagent put the files there, so that it may remove them. */
  own: boolean;
  /** Files with the license's text that were stored with the model. */
  license_files?: string[] | undefined;
}

const ORIGINS: ReadonlySet<unknown> = new Set<ModelOrigin>(["huggingface", "ollama", "lm-studio", "address", "import"]);
/** Longest text in a stamp: paths on Linux have at most 4,096 bytes. */
const MAX_TEXT_LENGTH = 8_192;
/** Most parts: a model of a trillion weights in parts of 2 GB has 600. */
const MAX_PARTS = 1_024;

/** Returns the stamp in a value from JSON; null if a field is missing or has another form. */
export function parseModelStamp(value: unknown): ModelStamp | null {
  const file = parseFileStamp(value);
  if (file === null) return null;
  const { name, source, repository, revision, quantization, license, verified_at, parts, own, license_files } =
    value as Record<string, unknown>;
  if (!isText(name) || name === "" || !ORIGINS.has(source) || !isText(verified_at)) return null;
  if (![repository, revision, quantization, license].every((text) => text === null || isText(text))) return null;
  const files = parts === undefined ? undefined : parseList(parts, parseFileStamp);
  const licenses =
    license_files === undefined ? undefined : parseList(license_files, (text) => (isText(text) ? text : null));
  if (files === null || files?.length === 0 || licenses === null) return null;
  return {
    name,
    ...file,
    source: source as ModelOrigin,
    repository: repository as string | null,
    revision: revision as string | null,
    quantization: quantization as string | null,
    license: license as string | null,
    verified_at,
    ...(files && { parts: files }),
    own: own === true,
    ...(licenses && { license_files: licenses }),
  };
}

function parseFileStamp(value: unknown): FileStamp | null {
  if (typeof value !== "object" || value === null) return null;
  const { path, bytes, mtime_ms, sha256 } = value as Record<string, unknown>;
  if (!isText(path) || path === "" || path.includes("\0") || !isSha256(sha256)) return null;
  if (!Number.isSafeInteger(bytes) || (bytes as number) < 0 || !Number.isFinite(mtime_ms)) return null;
  return { path, bytes: bytes as number, mtime_ms: mtime_ms as number, sha256 };
}

function parseList<T>(value: unknown, parse: (item: unknown) => T | null): T[] | null {
  if (!Array.isArray(value) || value.length > MAX_PARTS) return null;
  const items = value.map(parse);
  return items.every((item) => item !== null) ? (items as T[]) : null;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_TEXT_LENGTH;
}

/** Returns the stamps of all files of a model. */
export function fileStamps(stamp: ModelStamp): readonly FileStamp[] {
  return stamp.parts ?? [stamp];
}

/** A time that no file has, so that a stamp with it is never current. */
const NEVER_MS = Number.MIN_SAFE_INTEGER;

/** Returns a stamp that is not current whatever the files are, and still has their expected hashes and owner. */
export function distrusted(stamp: ModelStamp): ModelStamp {
  const parts = stamp.parts?.map((part) => ({ ...part, mtime_ms: NEVER_MS }));
  return { ...stamp, mtime_ms: NEVER_MS, ...(parts && { parts }) };
}

/** Whether files still have the size and time of the stamp. */
export function isStampCurrent(
  stamp: ModelStamp,
  files: readonly { path: string; bytes: number; mtimeMs: number }[],
): boolean {
  const stamps = fileStamps(stamp);
  return (
    stamps.length === files.length &&
    files.every((file, index) => {
      const known = stamps[index];
      return known?.path === file.path && known.bytes === file.bytes && known.mtime_ms === file.mtimeMs;
    })
  );
}
