import { addressIn, adviseOnAddress, NanoAgentError } from "@nanoagent/models";

/**
 * Code `model-not-found` or `model-unreadable`: the file does not exist, or the system refuses to read it. `path` is
 * the file, `errno` the error code of the system.
 */
export class UnreadableModelFileError extends NanoAgentError {
  override name = "UnreadableModelFileError";
  readonly path: string;
  readonly errno: string;

  constructor(path: string, cause: unknown) {
    const { code: errno = "EIO", message } = cause as NodeJS.ErrnoException;
    const missing = errno === "ENOENT" || errno === "ENOTDIR";
    const address = addressIn(path);
    super(
      missing
        ? {
            code: "model-not-found",
            message: address === null ? `There is no model file at ${path}.` : `${address} is an address, not a file.`,
            hint:
              address === null ? "Check the path; it is relative to the folder you are in." : adviseOnAddress(address),
            cause,
          }
        : {
            code: "model-unreadable",
            message: `The model file ${path} cannot be read.`,
            reason: message,
            hint: "Check its path and its permissions.",
            cause,
          },
    );
    this.path = path;
    this.errno = errno;
  }
}
