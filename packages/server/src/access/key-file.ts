import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, link, lstat, mkdir, open, unlink } from "node:fs/promises";
import path from "node:path";
import { isKey } from "./keys.js";
import { keysUnreadable } from "./keys-unreadable.js";

/** Version of the file's form. */
const FORMAT = 1;
/** Largest file. A key takes 40 bytes. */
const MAX_FILE_BYTES = 65_536;
/** 24 random bytes are 32 characters. */
const KEY_BYTES = 24;
/** Permissions of anybody but the owner. */
const OTHERS = 0o077;

export interface KeyFile {
  readonly keys: readonly string[];
  readonly file: string;
  /** Whether the file and its key were made now. */
  readonly isNew: boolean;
}

/**
 * Reads `serve-keys.json` in a folder, or makes it with a new key, readable only by its owner. Of several services that
 * start at the same time, one makes the key and the others read it. Rejects with {@link ServiceError} `keys-unreadable`
 * for a file that others can read, that is damaged, or that cannot be read or written. Such a file is never replaced.
 */
export async function openKeyFile(folder: string): Promise<KeyFile> {
  const file = fileIn(folder);
  const existing = await readKeyFile(file);
  if (existing !== null) return { keys: existing, file, isNew: false };
  const key = `na-${randomBytes(KEY_BYTES).toString("base64url")}`;
  if (await makeKeyFile(file, key)) return { keys: [key], file, isNew: true };
  const other = await readKeyFile(file);
  if (other === null) throw damaged(file, await whyMissing(file));
  return { keys: other, file, isNew: false };
}

/**
 * Returns the path of `serve-keys.json` in a folder, and whether it exists. Rejects as {@link openKeyFile} does if a service
 * could not read it. Writes nothing.
 */
export async function findKeyFile(folder: string): Promise<{ file: string; exists: boolean }> {
  const file = fileIn(folder);
  return { file, exists: (await readKeyFile(file)) !== null };
}

function fileIn(folder: string): string {
  return path.join(folder, "serve-keys.json");
}

/** Explains why a file could neither be made nor read. */
async function whyMissing(file: string): Promise<string> {
  const isLink = await lstat(file).then(
    (stat) => stat.isSymbolicLink(),
    () => false,
  );
  return isLink ? "It is a link to a file that does not exist." : "It was removed while the service started.";
}

/** Returns null if the file does not exist. */
async function readKeyFile(file: string): Promise<readonly string[] | null> {
  let handle: FileHandle;
  try {
    // Opening a pipe would wait for a writer. Windows has no such flag.
    handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return null;
    const hint = `Let this user read it: ${quoted(`chown "$(id -un)" ${shellWord(file)}`)}.`;
    throw keysUnreadable(`The file of the keys, ${file}, cannot be read (${codeOf(cause)}).`, hint, cause);
  }
  try {
    const stat = await handle.stat();
    const { mode, size } = stat;
    if (!stat.isFile()) throw damaged(file, "It is not a file.");
    if (process.platform !== "win32" && (mode & OTHERS) !== 0) {
      const hint = `Run ${quoted(`chmod 600 ${shellWord(file)}`)}. If others may have read it, delete it for a new key.`;
      throw keysUnreadable(`Other users have access to the file of the keys, ${file}.`, hint);
    }
    if (size > MAX_FILE_BYTES) throw damaged(file, `It is larger than ${MAX_FILE_BYTES} bytes.`);
    const bytes = Buffer.alloc(MAX_FILE_BYTES);
    const { bytesRead } = await handle.read(bytes, 0, MAX_FILE_BYTES, 0);
    return parseKeys(file, bytes.toString("utf8", 0, bytesRead));
  } finally {
    await handle.close();
  }
}

function parseKeys(file: string, text: string): readonly string[] {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw damaged(file, "It is not valid JSON.");
  }
  if (typeof content !== "object" || content === null) throw damaged(file, "It is not a JSON object.");
  const { format, keys } = content as { format?: unknown; keys?: unknown };
  if (typeof format === "number" && format > FORMAT) {
    const hint = "Update nanoagent, or move the file away to have a new key made.";
    throw keysUnreadable(`The file of the keys, ${file}, was written by a newer version of nanoagent.`, hint);
  }
  if (format !== FORMAT) throw damaged(file, `It has no "format": ${FORMAT}.`);
  if (!Array.isArray(keys) || keys.length === 0 || !keys.every((key) => typeof key === "string" && isKey(key))) {
    throw damaged(file, '"keys" is not a list of keys.');
  }
  return keys;
}

/** Returns false if the file exists already. */
async function makeKeyFile(file: string, key: string): Promise<boolean> {
  const temporary = `${file}.${randomBytes(6).toString("hex")}`;
  try {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    await writeNew(temporary, `${JSON.stringify({ format: FORMAT, keys: [key] }, null, 2)}\n`);
    try {
      // Unlike a rename, a link never replaces a file that another service made in the meantime.
      await link(temporary, file);
    } finally {
      await unlink(temporary);
    }
    return true;
  } catch (cause) {
    if (codeOf(cause) === "EEXIST") return false;
    const hint =
      "Set XDG_STATE_HOME to a writable folder, or serve.api_keys_env to the name of a variable that holds a key.";
    throw keysUnreadable(`The file of the keys, ${file}, cannot be written (${codeOf(cause)}).`, hint, cause);
  }
}

async function writeNew(file: string, text: string): Promise<void> {
  const handle = await open(file, "wx", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function damaged(file: string, reason: string): Error {
  const hint = `Restore it from a backup, or delete it to have a new key made: ${quoted(`rm ${shellWord(file)}`)}.`;
  return keysUnreadable(`The file of the keys, ${file}, is damaged. ${reason}`, hint);
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException | null)?.code ?? "unknown error";
}

const quoted = (command: string) => `\`${command}\``;

/** Quotes a path for a shell where it needs that. */
function shellWord(text: string): string {
  return /^[\w./+@%,:-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
