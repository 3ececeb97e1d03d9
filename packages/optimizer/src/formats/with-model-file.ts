import { constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import type { ByteSource } from "./byte-source.js";
import { describeFolder } from "./foreign/describe-folder.js";
import { InvalidModelFileError, WHOLE_FILE } from "./invalid-model-file-error.js";
import { UnreadableModelFileError } from "./unreadable-model-file-error.js";

/**
 * Opens a file, calls `use` with its bytes, and closes it. Returns the result of `use`. Throws {@link
 * UnreadableModelFileError} if the system refuses to read the file, and {@link InvalidModelFileError} if it is not a
 * regular file: reading a pipe could block forever.
 */
export async function withModelFile<Result>(
  path: string,
  use: (source: ByteSource) => Promise<Result>,
): Promise<Result> {
  let file: FileHandle | undefined;
  try {
    await requireRegularFile(path, await stat(path));
    // The path may be a pipe by now. Without this flag, opening a pipe waits for a writer. Windows has no such flag.
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
    : { problem: "is not a regular file", hint: "Use a model file.", fault: "not-a-model" as const };
  throw new InvalidModelFileError({ path, field: WHOLE_FILE, offset: 0, ...found });
}

/** Whether the error is a system error, or due to an invalid path (one that contains NUL). */
function isRefusedBySystem(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return "syscall" in error || (error as NodeJS.ErrnoException).code === "ERR_INVALID_ARG_VALUE";
}
