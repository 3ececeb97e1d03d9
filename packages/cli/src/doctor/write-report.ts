import { constants, rmSync } from "node:fs";
import { chmod, type FileHandle, link, open, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { UsageError } from "../errors/usage-error.js";

/** Most reports with the same name. */
const MAX_REPORTS = 1000;
/** Errors of file systems without hard links, as on many memory cards. */
const NO_LINKS: ReadonlySet<string> = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);
/** Names of files that the program has open, such as those that a shell redirects to. */
const OPEN_FILES = /^\/(?:dev\/(?:stdout|stderr|fd\/\d+)|proc\/[^/]+\/fd\/\d+)$/;
/** Time until a full pipe is tried again. */
const PIPE_MILLISECONDS = 20;

/** Report, and the way to stop its writing. */
export interface ReportFile {
  /** Name in a folder. */
  name: string;
  text: string;
  /** Ends the writing, with nothing left behind, until the report has its name. */
  stop: AbortSignal;
  /** Called when the report is on the disk and gets its name, which no longer stops. */
  onCommit: () => void;
}

/**
 * Writes a report that only its owner can read, and returns the path, or null if it was stopped. `output` is its file,
 * a folder for a file of this name, or a device or pipe that receives the text. Never replaces a file: a name that is
 * taken gets a number, `report-2.txt`. A write that fails or stops leaves nothing behind. Throws {@link UsageError} if
 * nothing can be written.
 */
export async function writeReport(output: string, report: ReportFile): Promise<string | null> {
  const found = await stat(output).catch(() => null);
  if (found?.isCharacterDevice() || found?.isFIFO() || (found?.isFile() && OPEN_FILES.test(path.resolve(output)))) {
    return writeInto(output, report);
  }
  if (found !== null && !found.isFile() && !found.isDirectory()) throw cannotWrite(output, { code: "NOT_A_FILE" });
  return writeFile(found?.isDirectory() ? path.join(output, report.name) : output, report);
}

async function writeFile(file: string, { text, stop, onCommit }: ReportFile): Promise<string | null> {
  const temporary = path.join(path.dirname(file), `.nanoagent-report-${crypto.randomUUID().slice(0, 8)}`);
  // The program may end while a slow disk is writing.
  const removeAtExit = () => rmSync(temporary, { force: true });
  process.once("exit", removeAtExit);
  try {
    await writeToDisk(temporary, text);
    if (stop.aborted) return null;
    onCommit();
    for (let number = 1; number <= MAX_REPORTS; number += 1) {
      const free = numbered(file, number);
      if (!(await giveName(temporary, free))) continue;
      if (!stop.aborted) return free;
      await rm(free, { force: true });
      return null;
    }
    throw Object.assign(new Error("All names are taken"), { code: "EEXIST" });
  } catch (error) {
    throw cannotWrite(file, error);
  } finally {
    await rm(temporary, { force: true }).catch(() => {});
    process.removeListener("exit", removeAtExit);
  }
}

/** `report.txt`, `report-2.txt`, `report-3.txt`. */
function numbered(file: string, number: number): string {
  if (number === 1) return file;
  const { dir, name, ext } = path.parse(file);
  return path.join(dir, `${name}-${number}${ext}`);
}

/** Gives a file its name. Returns false if the name is taken. */
async function giveName(temporary: string, name: string): Promise<boolean> {
  try {
    // Unlike a rename, a link never replaces a file.
    await link(temporary, name);
    return true;
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    if (!NO_LINKS.has(code)) throw error;
  }
  return renameToFree(temporary, name);
}

/** Takes the name with an empty file, which the rename then replaces. Returns false if the name is taken. */
async function renameToFree(temporary: string, name: string): Promise<boolean> {
  try {
    await (await open(name, "wx", 0o600)).close();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
  try {
    await rename(temporary, name);
    return true;
  } catch (error) {
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

/** Writes into a device such as /dev/null, or a pipe. */
async function writeInto(output: string, { text, stop, onCommit }: ReportFile): Promise<string | null> {
  let handle: FileHandle | undefined;
  try {
    // Opening a pipe that nobody reads would wait forever.
    const flags = constants.O_WRONLY | constants.O_APPEND | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);
    handle = await open(output, flags);
    const bytes = Buffer.from(text);
    for (let done = 0; done < bytes.length; ) {
      if (stop.aborted) return null;
      done += await writeSome(handle, bytes.subarray(done));
    }
    onCommit();
    return output;
  } catch (error) {
    throw cannotWrite(output, error);
  } finally {
    await handle?.close().catch(() => {});
  }
}

/** Writes as much as fits, and returns the number of bytes. Waits a moment where a pipe is full. */
async function writeSome(handle: FileHandle, bytes: Buffer): Promise<number> {
  try {
    return (await handle.write(bytes)).bytesWritten;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    await wait(PIPE_MILLISECONDS);
    return 0;
  }
}

const reasons: Readonly<Record<string, string>> = {
  EROFS: "The file system is read-only.",
  EACCES: "This user may not write there.",
  EPERM: "The system does not permit it.",
  ENOENT: "The folder does not exist.",
  ENOTDIR: "A file is in the place of the folder.",
  ENOSPC: "The disk is full.",
  EEXIST: `${MAX_REPORTS} reports have this name.`,
  ENXIO: "No program reads from this pipe.",
  EPIPE: "The program that read from this pipe has closed it.",
  NOT_A_FILE: "It is neither a file nor a folder.",
};

function cannotWrite(file: string, error: unknown): UsageError {
  const { code } = error as NodeJS.ErrnoException;
  return new UsageError({
    message: `The report cannot be written to ${file}.`,
    reason: reasons[code ?? ""] ?? (code === undefined ? String(error) : `The system says ${code}.`),
    hint: "Print it with --output -, or name a file in another folder: --output FILE.",
  });
}
