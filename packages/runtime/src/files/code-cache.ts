import { accessSync, constants, lstatSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import Module from "node:module";
import path from "node:path";
import { version } from "../../package.json";

/** As far as this Node has them; node:module of Node 20 does not. */
const module = Module as { enableCompileCache?(folder: string): void; flushCompileCache?(): void };
const NAME = "code-";
const WRITABLE_BY_OTHERS = 0o022;

/**
 * Returns the folder in which Node keeps compiled code of this version of nanoagent: `nanoagent/code-VERSION` in the user's
 * cache folder, made where it is missing. Folders of other versions are removed when it is made. Null where Node keeps no
 * code (before 22.10), was told to keep none or where, or where there is no such folder that this user alone may write to.
 */
export function codeCacheFolder(
  environment: NodeJS.ProcessEnv = process.env,
  isKept = module.flushCompileCache !== undefined,
): string | null {
  const { NODE_COMPILE_CACHE: chosen, NODE_DISABLE_COMPILE_CACHE: disabled } = environment;
  const caches = cachesOf(environment);
  if (!isKept || chosen || disabled || caches === null) return null;
  const own = path.join(caches, "nanoagent");
  const folder = path.join(own, NAME + version);
  try {
    // Step by step: asked for all of them at once, Node tries for ever where the system makes none, as in /proc.
    const [, , isNew] = [caches, own, folder].map(make);
    if (isNew) removeOthers(own, folder);
    accessSync(folder, constants.W_OK);
    // What is in it is run.
    return [own, folder].every(isPrivate) ? folder : null;
  } catch {
    return null;
  }
}

/** Has Node keep the compiled code of what is imported from now on, and find it at the next start. Never throws. */
export function keepCompiledCode(): void {
  const folder = codeCacheFolder();
  if (folder !== null) module.enableCompileCache?.(folder);
}

/** The user's folder for caches; null where none is known. A relative one counts for none, as XDG has it. */
function cachesOf({ XDG_CACHE_HOME, LOCALAPPDATA, HOME }: NodeJS.ProcessEnv): string | null {
  if (XDG_CACHE_HOME !== undefined && path.isAbsolute(XDG_CACHE_HOME)) return XDG_CACHE_HOME;
  if (process.platform === "win32") return LOCALAPPDATA ?? null;
  if (HOME === undefined || !path.isAbsolute(HOME)) return null;
  return path.join(HOME, process.platform === "darwin" ? "Library/Caches" : ".cache");
}

/** Whether this user alone may write to a folder. Windows keeps the folder of caches from others by itself. */
function isPrivate(folder: string): boolean {
  const { mode, uid } = lstatSync(folder);
  return process.geteuid === undefined || (uid === process.geteuid() && (mode & WRITABLE_BY_OTHERS) === 0);
}

/** Says whether the folder was missing. */
function make(folder: string): boolean {
  try {
    mkdirSync(folder, { mode: 0o700 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function removeOthers(own: string, folder: string): void {
  for (const name of readdirSync(own)) {
    const other = path.join(own, name);
    if (name.startsWith(NAME) && other !== folder) rmSync(other, { recursive: true, force: true });
  }
}
