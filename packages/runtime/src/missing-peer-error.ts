import { NanoAgentError } from "@nanoagent/models";

/** Code `missing-peer`: a package that is only needed for what was asked is not installed. `peer` is its name. */
export class MissingPeerError extends NanoAgentError {
  override name = "MissingPeerError";
  readonly peer: string;

  constructor(peer: string, purpose: string, cause: unknown) {
    super({
      code: "missing-peer",
      message: `${purpose} needs the package ${peer}, which is not installed.`,
      hint: `Run: npm install ${peer}`,
      cause,
    });
    this.peer = peer;
  }
}

/**
 * Returns the error for an optional package that could not be imported: {@link MissingPeerError} where it is not installed,
 * else `cause`. The import itself stands where the package is used, in a `try` block: there a bundler takes in a package
 * that is installed, and accepts that one is not.
 */
export function explainImport(peer: string, purpose: string, cause: unknown): unknown {
  const { code, message } = cause as NodeJS.ErrnoException;
  const isMissing =
    code === "ERR_MODULE_NOT_FOUND" ||
    code === "MODULE_NOT_FOUND" ||
    /^(could not|cannot) (resolve|find) /i.test(message);
  // The package itself, and not one that it in turn lacks. Yarn's Plug'n'Play names it without quotes.
  const [, plain, quoted] = /tried to access (\S+)|["'`]([^"'`]+)["'`]/.exec(message) ?? [];
  return isMissing && (plain ?? quoted) === peer ? new MissingPeerError(peer, purpose, cause) : cause;
}
