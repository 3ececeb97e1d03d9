import { encodePath } from "../names/format-model-name.js";
import { isSafePath } from "../names/name-rules.js";
import { asBytes, asObject } from "./read-json.js";
import type { RemoteFile } from "./remote-model.js";

const SHA256 = /^[0-9a-f]{64}$/;
const SHA1 = /^[0-9a-f]{40}$/;

/** Files of a listing, and the number of rows that were dropped. */
interface TreeFiles {
  files: RemoteFile[];
  /** Rows with a path that leads out of the repository or cannot be shown, or without a size. */
  droppedRows: number;
}

/** Reads the rows of a listing of the hub. `base` is the address that paths are appended to. */
export function readTreeRows(rows: readonly unknown[], base: string): TreeFiles {
  const files: RemoteFile[] = [];
  let droppedRows = 0;
  for (const value of rows) {
    const row = asObject(value);
    if (row?.type === "directory") continue;
    const file = row === null ? null : readRow(row, base);
    if (file === null) droppedRows += 1;
    else files.push(file);
  }
  return { files, droppedRows };
}

function readRow(row: Record<string, unknown>, base: string): RemoteFile | null {
  const { path, oid } = row;
  if (typeof path !== "string" || !isSafePath(path)) return null;
  const lfs = asObject(row.lfs);
  const bytes = asBytes(lfs === null ? row.size : (lfs.size ?? row.size));
  if (bytes === null) return null;
  const sha256 = hashOf(lfs?.oid, SHA256);
  // In LFS, `oid` is the hash of the pointer and says nothing of the contents.
  const gitSha1 = lfs === null ? hashOf(oid, SHA1) : null;
  if (lfs !== null && sha256 === null) return null;
  return { path, bytes, sha256, gitSha1, url: base + encodePath(path) };
}

function hashOf(value: unknown, pattern: RegExp): string | null {
  const hash = typeof value === "string" ? value.replace(/^sha256:/, "").toLowerCase() : "";
  return pattern.test(hash) ? hash : null;
}
