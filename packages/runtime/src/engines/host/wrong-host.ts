import type { HostCommand } from "./find-host.js";
import { HOST_VARIABLE, HOST_VERSION } from "./host-protocol.js";
import { HostStartError } from "./host-start-error.js";

const NODE_FILE = "Pass the path of a Node 20.19 or newer: new NanoRuntime({ nodeFile }).";

/** Whether a command certainly starts Node: it is the binary that runs this program, outside of Electron. */
export function isThisNode({ nodeFile }: HostCommand): boolean {
  return nodeFile === process.execPath && process.versions.electron === undefined;
}

/** Returns the error for a binary that was started as Node but is another program. */
export function notNode({ nodeFile }: Pick<HostCommand, "nodeFile">, output = ""): HostStartError {
  const isElectron = process.versions.electron !== undefined;
  return new HostStartError({
    failure: "not-node",
    message: `${nodeFile} was started as Node but did not run the engine's process.`,
    reason: isElectron
      ? "Electron runs as Node only if its runAsNode fuse is on."
      : output || "It is probably another program.",
    hint: isElectron ? `Enable the runAsNode fuse. Or: ${NODE_FILE}` : NODE_FILE,
  });
}

/** Returns the error for a host of another version of this package. */
export function otherVersion({ hostFile }: HostCommand, version: string | undefined): HostStartError {
  return new HostStartError({
    failure: "host-of-other-version",
    message: `The program of the engine's process, ${hostFile}, has version ${version ?? "0.1.0 or older"}, but this program has version ${HOST_VERSION}.`,
    hint: "Build or install both from one version of @nanoagent/runtime. If the app was updated while it ran, restart it.",
  });
}

/**
 * Throws if this program was itself started as an engine's process, which would otherwise repeat without end. Notifies
 * the program that started it.
 */
export function refuseInsideHost(): void {
  if (process.env[HOST_VARIABLE] === undefined) return;
  process.send?.({ type: "misled" });
  throw new HostStartError({
    failure: "not-node",
    message: "This app started itself instead of Node to run an engine's process.",
    hint: NODE_FILE,
  });
}
