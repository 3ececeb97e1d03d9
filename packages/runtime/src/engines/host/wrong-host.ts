import type { HostCommand } from "./find-host.js";
import { HOST_VARIABLE, HOST_VERSION } from "./host-protocol.js";
import { HostStartError } from "./host-start-error.js";

const NODE_FILE = "Pass the path of a Node 20.19 or newer: new NanoRuntime({ nodeFile }).";

/** Whether a command surely starts Node: the program that runs this one, where that is not Electron. */
export function isThisNode({ nodeFile }: HostCommand): boolean {
  return nodeFile === process.execPath && process.versions.electron === undefined;
}

/** Makes the error for a program that was started as Node and is another one. */
export function notNode({ nodeFile }: Pick<HostCommand, "nodeFile">, output = ""): HostStartError {
  const isElectron = process.versions.electron !== undefined;
  return new HostStartError({
    failure: "not-node",
    message: `${nodeFile} was started as Node, to run the engine's process, and did not begin to run it.`,
    reason: isElectron
      ? "Electron runs as Node only where its fuse runAsNode is on."
      : output || "It is an app or another program.",
    hint: isElectron ? `Leave the fuse runAsNode on. Or: ${NODE_FILE}` : NODE_FILE,
  });
}

/** Makes the error for a host of another version of this package. */
export function otherVersion({ hostFile }: HostCommand, version: string | undefined): HostStartError {
  return new HostStartError({
    failure: "host-of-other-version",
    message: `The program of the engine's process, ${hostFile}, is of version ${version ?? "0.1.0 or older"}, and this program has version ${HOST_VERSION}.`,
    hint: "Build or install both anew, from one version of @nanoagent/runtime. If the app was updated while it ran, start it again.",
  });
}

/**
 * Refuses to start an engine's process from a program that was itself started in place of one: it would go on without
 * end. Tells the program that started it.
 */
export function refuseInsideHost(): void {
  if (process.env[HOST_VARIABLE] === undefined) return;
  process.send?.({ type: "misled" });
  throw new HostStartError({
    failure: "not-node",
    message: "This app was started by itself, in place of Node, to run an engine's process.",
    hint: NODE_FILE,
  });
}
