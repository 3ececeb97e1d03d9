import type { HostFiles } from "./find-host.js";
import type { HostedEngineSource } from "./host-protocol.js";
import type { HostLaunch } from "./launch-host.js";
import type { Patience } from "./signs-of-life.js";

/** The engine of a start whose process was launched before anybody knew what it would open. */
export interface ChosenEngine {
  source: HostedEngineSource;
  /** Private memory that its process has to be allowed, in bytes. A process with a lower limit is launched anew. */
  dataBytes: number;
}

/** One start of a host: the engine that it opens, and its limits. */
export interface HostStart {
  /**
   * The engine; or a function that chooses it, called as soon as the process is launched. When that rejects, the process
   * is ended and the start fails with the same error.
   */
  source: HostedEngineSource | (() => Promise<ChosenEngine>);
  limits?: HostLaunch | undefined;
}

export interface HostProcessOptions extends HostStart, HostFiles {
  onProgress?: ((share: number) => void) | undefined;
  signal?: AbortSignal | undefined;
  /** How long the process may stand still while it saves its state or closes. Default: as long as a slow disk needs. */
  savePatience?: Patience | undefined;
}
