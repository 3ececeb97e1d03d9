import { NanoAgentError } from "@nanoagent/models";

const REASONS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ENOENT: "Nothing exists at this path.",
    ENOTDIR: "A part of this path is not a folder.",
    EISDIR: "The path is a folder.",
    EACCES: "This user has no permission to read it.",
    EPERM: "This user has no permission to read it.",
    EIO: "The underlying device did not answer.",
    ENOTSUP: "The path is neither a regular file nor a folder, so reading it could block forever.",
  }),
);

/**
 * Code `machine-read`: a file or folder of the machine could not be read. `path` is its path, `errno` the system's
 * error code (`ENOENT`, `EACCES`, `EIO`); `ENOTSUP` means a pipe, socket or device, which is never opened.
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
