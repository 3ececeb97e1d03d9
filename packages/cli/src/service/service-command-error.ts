import { type ErrorParts, NanoAgentError } from "@nanoagent/models";

export type ServiceCommandErrorCode =
  /** This machine does not run systemd, or this user's part of it does not run. */
  | "systemd-missing"
  /** A program of systemd failed, or the removal of a folder. */
  | "systemd-failed"
  /** The action needs root, or must not be done as root. */
  | "service-needs-root"
  /** The config, the program or the name cannot be used for a service. */
  | "service-unsuitable"
  | "service-not-installed"
  /** The service is installed, but did not start. */
  | "service-start-failed";

/** An error of `nanoagent service`. */
export class ServiceCommandError extends NanoAgentError {
  override name = "ServiceCommandError";

  constructor(parts: ErrorParts & { code: ServiceCommandErrorCode }) {
    super(parts);
  }
}
