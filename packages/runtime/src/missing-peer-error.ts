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

/** Loads an optional package when it is needed, or says how to get it. `load` is `() => import("the-package")`. */
export async function importPeer<Module>(peer: string, purpose: string, load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    // The package itself, and not one that it in turn lacks.
    if (code === "ERR_MODULE_NOT_FOUND" && message.includes(`'${peer}'`))
      throw new MissingPeerError(peer, purpose, cause);
    throw cause;
  }
}
