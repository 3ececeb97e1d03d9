import { NanoAgentError } from "@nanoagent/models";

/** Code `missing-peer`: an optional package that the requested feature needs is not installed. `peer` is its name. */
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
 * Returns the error for an optional package that could not be imported: {@link MissingPeerError} if it is not
 * installed, otherwise `cause`. The `import` must be in a `try` block where the package is used. There a bundler
 * includes an installed package and tolerates a missing one.
 */
export function explainImport(peer: string, purpose: string, cause: unknown): unknown {
  const { code, message } = cause as NodeJS.ErrnoException;
  const isMissing =
    code === "ERR_MODULE_NOT_FOUND" ||
    code === "MODULE_NOT_FOUND" ||
    /^(could not|cannot) (resolve|find) /i.test(message);
  // The package itself, not one of its missing dependencies. Yarn's Plug'n'Play omits the quotes.
  const [, plain, quoted] = /tried to access (\S+)|["'`]([^"'`]+)["'`]/.exec(message) ?? [];
  return isMissing && (plain ?? quoted) === peer ? new MissingPeerError(peer, purpose, cause) : cause;
}
