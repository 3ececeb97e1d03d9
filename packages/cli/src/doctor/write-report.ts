import { chmod, link, open, rm, stat } from "node:fs/promises";
import path from "node:path";
import { UsageError } from "../errors/usage-error.js";

/** Most reports with the same name. */
const MAX_REPORTS = 1000;
/** Errors of file systems without hard links, as on many memory cards. */
const NO_LINKS: ReadonlySet<string> = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

/**
 * Writes a report that only its owner can read, and returns the path. `output` is its file, or
 * a folder for a file of this name. Never replaces a file: a name that is taken gets a number, `report-2.txt`. A write that fails leaves nothing behind. Throws {@link UsageError} if nothing can be written.
 */
export async function writeReport(output: string, { name, text }: { name: string; text: string }): Promise<string> {
  const isFolder = await stat(output).then(
    (found) => found.isDirectory(),
    () => false,
  );
  const file = isFolder ? path.join(output, name) : output;
  const temporary = path.join(path.dirname(file), `.nanoagent-report-${crypto.randomUUID().slice(0, 8)}`);
  try {
    await writeToDisk(temporary, text);
    for (let number = 1; number <= MAX_REPORTS; number += 1) {
      const free = numbered(file, number);
      if (await giveName(temporary, free, text)) return free;
    }
    throw Object.assign(new Error("All names are taken"), { code: "EEXIST" });
  } catch (error) {
    throw cannotWrite(file, error);
  } finally {
    await rm(temporary, { force: true }).catch(() => {});
  }
}

/** `report.txt`, `report-2.txt`, `report-3.txt`. */
function numbered(file: string, number: number): string {
  if (number === 1) return file;
  const { dir, name, ext } = path.parse(file);
  return path.join(dir, `${name}-${number}${ext}`);
}

/** Returns false if the name is taken. */
async function giveName(temporary: string, name: string, text: string): Promise<boolean> {
  try {
    // Unlike a rename, a link never replaces a file.
    await link(temporary, name);
    return true;
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    if (!NO_LINKS.has(code)) throw error;
  }
  try {
    await writeToDisk(name, text);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    await rm(name, { force: true }).catch(() => {});
    throw error;
  }
}

async function writeToDisk(file: string, text: string): Promise<void> {
  const handle = await open(file, "wx", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  // The process may create files that others can read.
  await chmod(file, 0o600).catch(() => {});
}

const reasons: Readonly<Record<string, string>> = {
  EROFS: "The file system is read-only.",
  EACCES: "This user may not write there.",
  EPERM: "The system does not permit it.",
  ENOENT: "The folder does not exist.",
  ENOTDIR: "A file is in the place of the folder.",
  ENOSPC: "The disk is full.",
  EEXIST: `${MAX_REPORTS} reports have this name.`,
};

function cannotWrite(file: string, error: unknown): UsageError {
  const { code } = error as NodeJS.ErrnoException;
  return new UsageError({
    message: `The report cannot be written to ${file}.`,
    reason: reasons[code ?? ""] ?? (code === undefined ? String(error) : `The system says ${code}.`),
    hint: "Print it with --output -, or name a file in another folder: --output FILE.",
  });
}
