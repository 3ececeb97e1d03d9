import { EngineError, type EngineErrorCode } from "../engine-error.js";

/**
 * Reason for which an engine's process cannot be started:
 *
 * - `no-node`: this program does not run on Node alone (Bun, a single executable, NW.js), and no `nodeFile` was given.
 * - `node-not-found`, `node-not-executable`, `wrong-system`: the Node that is to run it is missing, may not be executed
 *   here, or is built for another system.
 * - `not-node`: the program that should be Node is another one.
 * - `host-not-found`, `host-in-archive`, `host-of-other-version`: the program of the process is missing, is in an archive,
 *   or belongs to another version of this package.
 * - `missing-package`: that program needs a package that is not there.
 * - `not-permitted`: this system or Node's permission model allows no process.
 * - `process-limit`, `file-limit`, `no-memory`, `environment-too-large`: a limit of the system is reached.
 * - `ended`: it ended before it began, and only its output can tell why.
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

/** Failure to start an engine's process, code `engine-unavailable`. `failure` is the reason, for a program. */
export class HostStartError extends EngineError {
  override name = "HostStartError";
  readonly failure: HostStartFailure;

  constructor({ failure, ...parts }: HostStartErrorParts) {
    super({ code: "engine-unavailable", ...parts });
    this.failure = failure;
  }
}
