import { constants } from "node:fs";
import { open } from "node:fs/promises";
import os from "node:os";

/** The user database. A test passes another file. */
const USER_DATABASE = "/etc/passwd";
/** Most bytes of the user database that are read: about 10,000 users. */
const MAX_DATABASE_BYTES = 1024 * 1024;
/** Fields in a line of the user database: `name:password:uid:gid:comment:home:shell`. */
const HOME_FIELD = 5;

/** People who run this program. */
export interface People {
  users: readonly string[];
  homes: readonly string[];
}

/** Returns the user of this process, and the one who became root with `sudo` or `doas`. Never rejects. */
export async function findPeople(
  environment: Readonly<Record<string, string | undefined>>,
  database = USER_DATABASE,
): Promise<People> {
  const { HOME, SUDO_USER, DOAS_USER } = environment;
  const own = ownEntry();
  const callers = [SUDO_USER, DOAS_USER].filter((name) => name !== undefined && name !== "") as string[];
  const homes = callers.length === 0 ? [] : homesOf(callers, await readBeginning(database));
  return { users: [own.user, ...callers].filter(isText), homes: [HOME || own.home, ...homes].filter(isText) };
}

function ownEntry(): { user: string | null; home: string | null } {
  try {
    const { username, homedir } = os.userInfo();
    return { user: username, home: homedir };
  } catch {
    // A user without an entry in the user database, as for some services.
    return { user: null, home: null };
  }
}

function homesOf(names: readonly string[], database: string): string[] {
  const fields = database.split("\n").map((line) => line.split(":"));
  return fields.filter(([name = ""]) => names.includes(name)).map((entry) => entry[HOME_FIELD] ?? "");
}

/** Returns an empty text for a file that is missing, unreadable or not a regular file. */
async function readBeginning(file: string): Promise<string> {
  try {
    // Opening a pipe would wait for a writer. Windows has no such flag.
    const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const status = await handle.stat();
      if (!status.isFile()) return "";
      const buffer = Buffer.alloc(Math.min(status.size, MAX_DATABASE_BYTES));
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
      return buffer.toString("utf8", 0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch {
    return "";
  }
}

function isText(text: string | null): text is string {
  return text !== null && text !== "";
}
