import type { HostFiles } from "./find-host.js";
import type { HostedEngineSource } from "./host-protocol.js";
import type { HostLaunch } from "./launch-host.js";
import type { Patience } from "./signs-of-life.js";

/** One start of a host: the engine that it opens, and its limits. */
export interface HostStart {
  source: HostedEngineSource;
  limits?: HostLaunch | undefined;
}

export interface HostProcessOptions extends HostStart, HostFiles {
  onProgress?: ((share: number) => void) | undefined;
  signal?: AbortSignal | undefined;
  /** How long the process may stand still while it saves its state or closes. Default: as long as a slow disk needs. */
  savePatience?: Patience | undefined;
}
