import { constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import type { ByteSource } from "./byte-source.js";
import { describeFolder } from "./foreign/describe-folder.js";
import { InvalidModelFileError, WHOLE_FILE } from "./invalid-model-file-error.js";
import { UnreadableModelFileError } from "./unreadable-model-file-error.js";

/**
 * What `use` makes of the file's bytes. The file is open for that long. Throws {@link UnreadableModelFileError} where
 * the system refuses it, and {@link InvalidModelFileError} for what is no regular file: a pipe could wait forever.
 */
export async function withModelFile<Result>(
  path: string,
  use: (source: ByteSource) => Promise<Result>,
): Promise<Result> {
  let file: FileHandle | undefined;
  try {
    await requireRegularFile(path, await stat(path));
    // It may have become a pipe since: opening one without this flag waits for a writer. Windows has no such flag.
    file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const status = await file.stat();
    await requireRegularFile(path, status);
    return await use(new OpenFile(path, file, status.size));
  } catch (error) {
    if (isRefusedBySystem(error)) throw new UnreadableModelFileError(path, error);
    throw error;
  } finally {
    await file?.close();
  }
}

class OpenFile implements ByteSource {
  readonly length: number;
  readonly #path: string;
  readonly #file: FileHandle;

  constructor(path: string, file: FileHandle, length: number) {
    this.#path = path;
    this.#file = file;
    this.length = length;
  }

  async read(offset: number, target: Uint8Array): Promise<number> {
    let filled = 0;
    while (filled < target.length) {
      const { bytesRead } = await this.#file
        .read(target, filled, target.length - filled, offset + filled)
        .catch((cause: unknown) => {
          throw new UnreadableModelFileError(this.#path, cause);
        });
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return filled;
  }
}

async function requireRegularFile(path: string, status: { isFile(): boolean; isDirectory(): boolean }): Promise<void> {
  if (status.isFile()) return;
  const found = status.isDirectory()
    ? await describeFolder(path)
    : { problem: "is not a regular file", hint: "Name a model file.", fault: "not-a-model" as const };
  throw new InvalidModelFileError({ path, field: WHOLE_FILE, offset: 0, ...found });
}

/** A fault of the system's, or a path that no system takes (one with a NUL in it). */
function isRefusedBySystem(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return "syscall" in error || (error as NodeJS.ErrnoException).code === "ERR_INVALID_ARG_VALUE";
}
