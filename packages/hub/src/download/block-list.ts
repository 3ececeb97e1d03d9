/** Size of a block, whose hash is recorded as soon as the block is on the disk. At most one is lost when a process is killed. */
export const BLOCK_BYTES = 8 * 1024 * 1024;

/** Longest list that is read: that of a file of 250 GB. */
export const MAX_LIST_BYTES = 2 * 1024 * 1024;

const NUMBER = 1;
const FORMAT = `nanoagent-blocks-${NUMBER}`;
const MAX_HEADER_CHARACTERS = 4096;

/** Marks of the contents that a partial file belongs to. They do not depend on its address. */
export interface ContentIdentity {
  /** Size of the whole file; null while it is unknown. */
  bytes: number | null;
  sha256: string | null;
  gitSha1: string | null;
  /** ETag or date of a file without a hash; null if the server names none. */
  validator: string | null;
}

/** Contents of the side file of a partial file: one line about the whole, then a SHA-256 for every finished block. */
export interface BlockList {
  identity: ContentIdentity;
  hashes: string[];
}

export function formatListHeader({ bytes, sha256, gitSha1, validator }: ContentIdentity): string {
  const header = { format: FORMAT, block_bytes: BLOCK_BYTES, bytes, sha256, git_sha1: gitSha1, validator };
  return `${JSON.stringify(header)}\n`;
}

export function formatBlockHash(hash: string): string {
  return `${hash}\n`;
}

/** Reads a side file. Lines after the first damaged one do not count. Returns null for another format. */
export function parseBlockList(text: string): BlockList | null {
  const end = text.indexOf("\n");
  if (end < 0 || end > MAX_HEADER_CHARACTERS) return null;
  const identity = parseHeader(text.slice(0, end));
  if (identity === null) return null;
  const hashes: string[] = [];
  for (let at = end + 1; at + 65 <= text.length; at += 65) {
    const hash = text.slice(at, at + 64);
    if (text[at + 64] !== "\n" || !/^[0-9a-f]{64}$/.test(hash)) break;
    hashes.push(hash);
  }
  return { identity, hashes };
}

/** Whether a newer nanoagent wrote a side file. Its partial file may have gigabytes, and must not be changed. */
export function isNewerList(text: string): boolean {
  const found = /^\s*\{\s*"format"\s*:\s*"nanoagent-blocks-(\d{1,9})"/.exec(text);
  return found !== null && Number(found[1]) > NUMBER;
}

/** Whether a partial file can become a file of this identity. Without a hash, only a validator can tell. */
export function isSameContent(partial: ContentIdentity, file: Omit<ContentIdentity, "validator">): boolean {
  if (partial.sha256 !== file.sha256 || partial.gitSha1 !== file.gitSha1) return false;
  if (file.bytes !== null && partial.bytes !== file.bytes) return false;
  return file.sha256 !== null || file.gitSha1 !== null || partial.validator !== null;
}

function parseHeader(line: string): ContentIdentity | null {
  let header: unknown;
  try {
    header = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof header !== "object" || header === null) return null;
  const { format, block_bytes, bytes, sha256, git_sha1, validator } = header as Record<string, unknown>;
  if (format !== FORMAT || block_bytes !== BLOCK_BYTES) return null;
  const isSize = bytes === null || (Number.isSafeInteger(bytes) && (bytes as number) >= 0);
  if (!isSize || !isText(sha256) || !isText(git_sha1) || !isText(validator)) return null;
  return { bytes: bytes as number | null, sha256, gitSha1: git_sha1, validator };
}

function isText(value: unknown): value is string | null {
  return value === null || typeof value === "string";
}
