import { EngineError, type EngineErrorCode } from "../engine-error.js";

/**
 * Reason why an engine's process cannot be started:
 *
 * - `no-node`: plain Node does not run this program (Bun, a single executable, NW.js), and no `nodeFile` was given.
 * - `node-not-found`, `node-not-executable`, `wrong-system`: the Node binary is missing, not executable, or built for
 *   another system.
 * - `not-node`: the binary that should be Node is another program.
 * - `host-not-found`, `host-in-archive`, `host-of-other-version`: the host program is missing, in an archive, or
 *   belongs to another version of this package.
 * - `missing-package`: the host program needs a package that is not installed.
 * - `not-permitted`: the system or Node's permission model does not allow child processes.
 * - `process-limit`, `file-limit`, `no-memory`, `environment-too-large`: a system limit is reached.
 * - `ended`: the process ended at startup, and only its output may show why.
 */
export type HostStartFailure =
  | "no-node"
  | "node-not-found"
  | "node-not-executable"
  | "wrong-system"
  | "not-node"
  | "host-not-found"
  | "host-in-archive"
  | "host-of-other-version"
  | "missing-package"
  | "not-permitted"
  | "process-limit"
  | "file-limit"
  | "no-memory"
  | "environment-too-large"
  | "ended";

interface HostStartErrorParts {
  failure: HostStartFailure;
  code?: EngineErrorCode;
  message: string;
  reason?: string | undefined;
  hint: string;
  cause?: unknown;
}

/**
 * Failure to start an engine's process, code `engine-unavailable`. `failure` is the reason in machine-readable form.
 */
export class HostStartError extends EngineError {
  override name = "HostStartError";
  readonly failure: HostStartFailure;

  constructor({ failure, ...parts }: HostStartErrorParts) {
    super({ code: "engine-unavailable", ...parts });
    this.failure = failure;
  }
}
