import { type ErrorParts, NanoAgentError } from "@nanoagent/models";

/**
 * Kinds of failure of a fleet and its bundles:
 *
 * - `bundle-malformed`: the file is not a bundle, is damaged, or contains something that no bundle may contain.
 * - `bundle-untrusted`: no trusted key has signed it.
 * - `bundle-outdated`: its sequence is lower than the newest one on this device, or belongs to another bundle.
 * - `bundle-unsuitable`: this device cannot use it: its version, its models, its disk or its config.
 * - `bundle-failed`: its agent did not start, or answered its smoke questions wrong.
 * - `update-undecided`: nothing is known of its agent, since neither that nor the old one reached the broker.
 * - `bundle-not-created`: a file or folder cannot become a bundle.
 * - `bundle-unreadable`: the file, or the address, cannot be read.
 * - `signing-key-invalid`: a key is not an Ed25519 key of the kind that is needed.
 * - `releases-unusable`: the folder of the releases cannot be used.
 * - `releases-busy`: another program changes this folder now.
 * - `agent-not-registered`: no agent of this fleet has the ID.
 * - `agent-not-answering`: an agent is offline, refuses, or did not answer in time.
 * - `agent-online`: an agent that is online cannot be forgotten, since it registers again.
 * - `selector-invalid`: the text does not select agents.
 */
export type FleetErrorCode =
  | "bundle-malformed"
  | "bundle-untrusted"
  | "bundle-outdated"
  | "bundle-unsuitable"
  | "bundle-failed"
  | "update-undecided"
  | "bundle-not-created"
  | "bundle-unreadable"
  | "signing-key-invalid"
  | "releases-unusable"
  | "releases-busy"
  | "agent-not-registered"
  | "agent-not-answering"
  | "agent-online"
  | "selector-invalid";

/** A failure of a fleet, a bundle or a folder of releases. */
export class FleetError extends NanoAgentError {
  override name = "FleetError";
  declare readonly code: FleetErrorCode;

  // The code is one of a list, so it needs a constructor of its own.
  constructor(parts: ErrorParts & { code: FleetErrorCode }) {
    super(parts);
  }
}
