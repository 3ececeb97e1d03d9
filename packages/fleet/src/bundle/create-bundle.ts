import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, realpath } from "node:fs/promises";
import path from "node:path";
import validRange from "semver/ranges/valid.js";
import { FleetError } from "../fleet-error.js";
import {
  type BundleFile,
  type BundleHead,
  type BundleManifest,
  type BundleModel,
  MAX_CONTENT_BYTES,
} from "./bundle-manifest.js";
import { shown } from "./check-fields.js";
import { collectFiles } from "./collect-files.js";
import { notCreated, systemProblem } from "./not-created.js";
import { parseHead } from "./parse-head.js";
import { replaceFile } from "./replace-file.js";
import { writeBytes } from "./write-bytes.js";
import { writeHead } from "./write-head.js";

export interface CreateBundleOptions {
  /** Folder whose files become the bundle. */
  readonly folder: string;
  /** File to write, outside the folder. */
  readonly out: string;
  readonly name: string;
  readonly version: string;
  readonly sequence: number;
  readonly requires?: BundleManifest["requires"];
  readonly models?: readonly BundleModel[] | undefined;
  /** ISO 8601. Default: now. */
  readonly created?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

const WHAT = "cannot be created";
const BUNDLE_MODE = 0o644;
const EXECUTE_BITS = 0o111;
/** Memory that files are read into, piece by piece. */
const BUFFER_BYTES = 256 * 1024;
/** A pipe that takes the place of a file does not wait for its writer. */
const READ_FILE = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * Writes a bundle without signatures, atomically. The same files and options with the same `created` give the same bytes. Throws
 * `FleetError` (`bundle-not-created`) for links, unreadable files, files that change while they are read, and everything that a
 * bundle may not contain.
 */
export async function createBundle(options: CreateBundleOptions): Promise<BundleHead> {
  try {
    return await create(options);
  } catch (error) {
    if (error instanceof FleetError && error.code === "bundle-malformed") {
      throw notCreated(WHAT, { reason: error.reason ?? error.message, cause: error });
    }
    throw systemProblem(WHAT, error);
  }
}

async function create({ folder, out, signal, ...description }: CreateBundleOptions): Promise<BundleHead> {
  checkRange(description.requires?.nanoagent);
  const root = await realpath(folder);
  const file = path.join(await realpath(path.dirname(out)), path.basename(out));
  if (isInside(file, root)) {
    throw notCreated(WHAT, { reason: `${out} is inside the folder ${folder}.`, hint: "Write it outside the folder." });
  }
  const files: BundleFile[] = [];
  let total = 0;
  for (const name of await collectFiles(root)) {
    const entry = await describeFile(root, name, MAX_CONTENT_BYTES - total, signal);
    files.push(entry);
    total += entry.size;
  }
  const { name, version, sequence, requires, models, created } = description;
  const manifest: BundleManifest = {
    format: 1,
    name,
    version,
    sequence,
    created: created ?? new Date().toISOString(),
    ...(requires?.nanoagent !== undefined && { requires: { nanoagent: requires.nanoagent } }),
    ...(models !== undefined && models.length > 0 && { models }),
    files,
  };
  const headBytes = writeHead(Buffer.from(JSON.stringify(manifest)), []);
  const head = parseHead(headBytes, headBytes.length + total);
  if (head === null) throw new Error("The head of a bundle is incomplete");
  await replaceFile(file, BUNDLE_MODE, async (temporary) => {
    await writeBytes(temporary, headBytes);
    for (const entry of files) await copyFile(root, entry, temporary, signal);
  });
  return head;
}

function checkRange(range: string | undefined): void {
  if (range === undefined || validRange(range) !== null) return;
  throw notCreated(WHAT, {
    reason: `${shown(range)} is not a range of versions.`,
    hint: "Write a range such as >=0.1.0 <1.",
  });
}

function isInside(file: string, folder: string): boolean {
  const relative = path.relative(folder, file);
  return relative === "" || !(relative.startsWith(`..${path.sep}`) || relative === ".." || path.isAbsolute(relative));
}

/** Returns the entry of a file. Throws if it has more than `mostBytes`. */
async function describeFile(
  root: string,
  name: string,
  mostBytes: number,
  signal: AbortSignal | undefined,
): Promise<BundleFile> {
  const handle = await openFile(root, name);
  try {
    const { mode, size } = await handle.stat();
    if (size > mostBytes) {
      throw notCreated(WHAT, {
        reason: `The files have more than ${MAX_CONTENT_BYTES} bytes, with ${shown(name)}.`,
        hint: "Keep only config, skills, and the files of tools in the folder. Models are not in a bundle.",
      });
    }
    const hash = createHash("sha256");
    for await (const bytes of readPieces(handle, { name, size, signal })) hash.update(bytes);
    return { path: name, size, sha256: hash.digest("hex"), mode: (mode & EXECUTE_BITS) === 0 ? 420 : 493 };
  } finally {
    await handle.close();
  }
}

/** Appends a file to a bundle. Throws if it is not what its entry says. */
async function copyFile(
  root: string,
  { path: name, size, sha256 }: BundleFile,
  target: FileHandle,
  signal: AbortSignal | undefined,
): Promise<void> {
  const handle = await openFile(root, name);
  try {
    const hash = createHash("sha256");
    for await (const bytes of readPieces(handle, { name, size, signal })) {
      hash.update(bytes);
      await writeBytes(target, bytes);
    }
    if (hash.digest("hex") !== sha256) throw changed(name);
  } finally {
    await handle.close();
  }
}

function changed(name: string): FleetError {
  return notCreated(WHAT, {
    reason: `The file ${shown(name)} changed while it was read.`,
    hint: "Try again when no program writes to the folder.",
  });
}

/** Opens a file of the folder. Throws if something else has taken its place. */
async function openFile(root: string, name: string): Promise<FileHandle> {
  const handle = await open(path.join(root, name), READ_FILE);
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw notCreated(WHAT, { reason: `${shown(name)} is not a regular file.` });
}

interface ReadOptions {
  readonly name: string;
  /** Size that the file must have. A file may grow as fast as it is read. */
  readonly size: number;
  readonly signal: AbortSignal | undefined;
}

/** Yields the contents of a file. Each piece is only valid until the next one. */
async function* readPieces(handle: FileHandle, { name, size, signal }: ReadOptions): AsyncGenerator<Uint8Array> {
  // One byte more than the file has shows that it grew.
  const buffer = new Uint8Array(Math.min(size + 1, BUFFER_BYTES));
  for (let left = size; ; ) {
    signal?.throwIfAborted();
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
    left -= bytesRead;
    if (left < 0 || (bytesRead === 0 && left > 0)) throw changed(name);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}
