import { link, open, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { cutText } from "@nanoagent/models";
import { UsageError } from "./errors/usage-error.js";

/**
 * Writes a file that is not there yet, whole or not at all: never over another one. Throws {@link UsageError} where one is
 * there already, or where none can be.
 */
export async function writeNewFile(file: string, text: string): Promise<void> {
  const temporary = path.join(
    path.dirname(file),
    `.${cutText(path.basename(file), 100)}.${crypto.randomUUID().slice(0, 8)}`,
  );
  try {
    await writeToDisk(temporary, text);
    await link(temporary, file).catch((error: NodeJS.ErrnoException) => {
      // A file system without links, such as that of a memory card.
      if (!NO_LINKS.has(error.code ?? "")) throw error;
      return writeFile(file, text, { flag: "wx" });
    });
  } catch (error) {
    refuseFile(file, error);
  } finally {
    await rm(temporary, { force: true }).catch(() => {});
  }
}

const NO_LINKS: ReadonlySet<string> = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

async function writeToDisk(file: string, text: string): Promise<void> {
  const handle = await open(file, "wx");
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Says why a file or folder cannot be made, in words that a person can act on. */
export function refuseFile(file: string, error: unknown): never {
  const { code } = error as { code?: string };
  if (code === "EEXIST") {
    throw new UsageError({ message: `${file} is there already.`, hint: "Give another name, or remove it first." });
  }
  throw new UsageError({
    message: `${file} cannot be written: ${code ?? String(error)}.`,
    hint: "Give another place.",
  });
}
