import { createHash } from "node:crypto";
import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import { processExists } from "../../processes/process-exists.js";
import { SessionError } from "../session-error.js";
import type { JournalFiles } from "./journal-files.js";

/**
 * Length of a socket's name on Linux. Node 20 fills a shorter name with zeros and later versions do not, so only a name of
 * full length is the same for all.
 */
const SOCKET_NAME_BYTES = 108;

/** Gives the lock back. */
export type ReleaseLock = () => Promise<void>;

/** Makes a session's folder and takes its lock. Throws {@link SessionError} `session-in-use` or `session-unreadable`. */
export async function takeFolder(
  files: JournalFiles,
  folder: string,
  lock: (folder: string) => Promise<ReleaseLock> = lockFolder,
): Promise<ReleaseLock> {
  try {
    await files.makeFolder(folder);
    return await lock(folder);
  } catch (cause) {
    if (cause instanceof SessionError) throw cause;
    throw new SessionError({
      code: "session-unreadable",
      message: `The session's folder ${folder} cannot be used.`,
      reason: cause instanceof Error ? cause.message : String(cause),
      hint: "Check session.dir and the permissions of that folder.",
      cause,
    });
  }
}

/**
 * Locks a session's folder for this program: on Linux and Windows by a socket, whose name the system frees however the
 * program ends; elsewhere by a file with the program's id. The name comes from the folder's inode, so that every path to
 * the folder gives the same lock. It holds within one machine (on Linux: one network namespace).
 * Throws {@link SessionError} `session-in-use`.
 */
export async function lockFolder(folder: string): Promise<ReleaseLock> {
  const { dev, ino } = await stat(folder, { bigint: true });
  const name = `nanoagent-session-${createHash("sha512").update(`${dev}:${ino}`).digest("hex")}`;
  if (process.platform === "linux") return listenOn(`\0${name}`.slice(0, SOCKET_NAME_BYTES), folder);
  if (process.platform === "win32") return listenOn(`\\\\.\\pipe\\${name}`, folder);
  return lockByFile(path.join(folder, "lock"), folder);
}

async function listenOn(address: string, folder: string): Promise<ReleaseLock> {
  // Only the name is needed, so connections are refused.
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(error.code === "EADDRINUSE" ? inUse(folder, error) : error);
    });
    server.listen(address, resolve);
  });
  server.unref();
  return () => new Promise((resolve) => server.close(() => resolve()));
}

/** Locks by a file with the id of the program that holds it. The file of a program that has ended is replaced. */
export async function lockByFile(file: string, folder: string): Promise<ReleaseLock> {
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      await writeFile(file, String(process.pid), { flag: "wx", mode: 0o600 });
      return () => rm(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      const holder = Number.parseInt(await readFile(file, "utf8").catch(() => ""), 10);
      if (Number.isInteger(holder) && holder > 0 && processExists(holder)) throw inUse(folder, error);
      await rm(file, { force: true });
    }
  }
  throw inUse(folder, undefined);
}

function inUse(folder: string, cause: unknown): SessionError {
  return new SessionError({
    code: "session-in-use",
    message: `The session in ${folder} is open already.`,
    reason: "One conversation is written by one program at a time.",
    hint: "End the other one, or give this agent another session.dir.",
    cause,
  });
}
