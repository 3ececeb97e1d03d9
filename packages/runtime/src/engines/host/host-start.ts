import type { HostFiles } from "./find-host.js";
import type { HostedEngineSource } from "./host-protocol.js";
import type { HostLaunch } from "./launch-host.js";
import type { Patience } from "./signs-of-life.js";

/** The engine of a host that was launched before its engine was chosen. */
export interface ChosenEngine {
  source: HostedEngineSource;
  /** Private memory that the process needs, in bytes. A process with a lower limit is launched again. */
  dataBytes: number;
}

/** Engine and limits of one host start. */
export interface HostStart {
  /**
   * The engine, or a function that chooses it, called as soon as the process is launched. If the function rejects, the
   * process is killed and the start fails with the same error.
   */
  source: HostedEngineSource | (() => Promise<ChosenEngine>);
  limits?: HostLaunch | undefined;
}

export interface HostProcessOptions extends HostStart, HostFiles {
  onProgress?: ((share: number) => void) | undefined;
  signal?: AbortSignal | undefined;
  /** How long the process may stall while it saves its state or closes. Default: enough for a slow disk. */
  savePatience?: Patience | undefined;
}
