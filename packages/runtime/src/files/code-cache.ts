import { accessSync, constants, lstatSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import Module from "node:module";
import path from "node:path";
import { version } from "../../package.json";

/** Not available in every Node: node:module of Node 20 lacks these functions. */
const module = Module as { enableCompileCache?(folder: string): void; flushCompileCache?(): void };
const NAME = "code-";
const WRITABLE_BY_OTHERS = 0o022;

/**
 * Returns the folder for Node's compiled code of this version of nanoagent: `nanoagent/code-VERSION` in the user's
 * cache folder. Creates it if it is missing, and then removes folders of other versions. Returns null if Node does not
 * cache code (before 22.10), if the cache is disabled or has another location, or if no folder exists that only this
 * user can write to.
 */
export function codeCacheFolder(
  environment: NodeJS.ProcessEnv = process.env,
  isKept = module.flushCompileCache !== undefined,
): string | null {
  const { NODE_COMPILE_CACHE: chosen, NODE_DISABLE_COMPILE_CACHE: disabled } = environment;
  const caches = userCaches(environment);
  if (!isKept || chosen || disabled || caches === null) return null;
  const own = path.join(caches, "nanoagent");
  const folder = path.join(own, NAME + version);
  try {
    // One at a time: with `recursive`, Node retries forever where the system cannot create folders, as in /proc.
    const [, , isNew] = [caches, own, folder].map(make);
    if (isNew) removeOthers(own, folder);
    accessSync(folder, constants.W_OK);
    // The cached code is executed.
    return [own, folder].every(isPrivate) ? folder : null;
  } catch {
    return null;
  }
}

/** Makes Node cache the compiled code of later imports, and use it at the next start. Never throws. */
export function keepCompiledCode(): void {
  const folder = codeCacheFolder();
  if (folder !== null) module.enableCompileCache?.(folder);
}

/** Returns the user's cache folder, or null if it is unknown. Ignores relative paths, as XDG requires. */
export function userCaches({ XDG_CACHE_HOME, LOCALAPPDATA, HOME }: NodeJS.ProcessEnv): string | null {
  if (XDG_CACHE_HOME !== undefined && path.isAbsolute(XDG_CACHE_HOME)) return XDG_CACHE_HOME;
  if (process.platform === "win32") return LOCALAPPDATA ?? null;
  if (HOME === undefined || !path.isAbsolute(HOME)) return null;
  return path.join(HOME, process.platform === "darwin" ? "Library/Caches" : ".cache");
}

/** Whether only this user can write to a folder. Windows protects the cache folder by default. */
function isPrivate(folder: string): boolean {
  const { mode, uid } = lstatSync(folder);
  return process.geteuid === undefined || (uid === process.geteuid() && (mode & WRITABLE_BY_OTHERS) === 0);
}

/** Creates a folder. Returns whether it was missing. */
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
