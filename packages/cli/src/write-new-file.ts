import { link, open, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { cutText } from "@nanoagent/models";
import { UsageError } from "./errors/usage-error.js";

/**
 * Writes a new file atomically, never over an existing one. The umask applies to `mode`. Throws {@link UsageError} if the file exists or cannot be
 * written.
 */
export async function writeNewFile(file: string, text: string, mode = 0o666): Promise<void> {
  const temporary = path.join(
    path.dirname(file),
    `.${cutText(path.basename(file), 100)}.${crypto.randomUUID().slice(0, 8)}`,
  );
  try {
    await writeToDisk(temporary, text, mode);
    await link(temporary, file).catch((error: NodeJS.ErrnoException) => {
      // The file system does not support hard links, as on many memory cards.
      if (!NO_LINKS.has(error.code ?? "")) throw error;
      return writeFile(file, text, { flag: "wx", mode });
    });
  } catch (error) {
    refuseFile(file, error);
  } finally {
    await rm(temporary, { force: true }).catch(() => {});
  }
}

const NO_LINKS: ReadonlySet<string> = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

async function writeToDisk(file: string, text: string, mode: number): Promise<void> {
  const handle = await open(file, "wx", mode);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Throws the {@link UsageError} for a file or folder that cannot be created. */
export function refuseFile(file: string, error: unknown): never {
  const { code } = error as { code?: string };
  if (code === "EEXIST") {
    throw new UsageError({ message: `${file} already exists.`, hint: "Choose another name, or remove it first." });
  }
  throw new UsageError({
    message: `Cannot write ${file}: ${code ?? String(error)}.`,
    hint: "Choose another path.",
  });
}
