import { NanoAgentError } from "@nanoagent/models";

const REASONS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ENOENT: "There is nothing at this path.",
    ENOTDIR: "A part of this path is not a folder.",
    EISDIR: "It is a folder.",
    EACCES: "This user has no permission to read it.",
    EPERM: "This user has no permission to read it.",
    EIO: "The device behind it did not answer.",
    ENOTSUP: "It is neither a regular file nor a folder, so reading it could wait forever.",
  }),
);

/**
 * Code `machine-read`: a file or folder of the machine could not be read. `path` says which, `errno` is the system's
 * name of the fault (`ENOENT`, `EACCES`, `EIO`); `ENOTSUP` stands for a pipe, socket or device, which is never opened.
 */
export class MachineReadError extends NanoAgentError {
  override name = "MachineReadError";
  readonly path: string;
  readonly errno: string;

  constructor(path: string, errno: string, cause?: unknown) {
    super({ code: "machine-read", message: `Cannot read ${path}: ${errno}.`, reason: REASONS.get(errno), cause });
    this.path = path;
    this.errno = errno;
  }
}
