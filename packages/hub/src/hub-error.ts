import { NanoAgentError } from "@nanoagent/models";

/** Kinds of failure of a request, a download or the store. */
export type HubErrorCode =
  | "invalid-model-name"
  | "model-unknown"
  | "quantization-not-found"
  | "model-not-gguf"
  | "repository-not-found"
  | "repository-gated"
  | "hub-offline"
  | "host-not-allowed"
  | "hub-unreachable"
  | "hub-refused"
  | "model-not-downloaded"
  | "download-damaged"
  | "download-failed"
  | "disk-too-small"
  | "store-unusable"
  | "bundle-invalid";

interface HubErrorParts {
  code: HubErrorCode;
  message: string;
  reason?: string | undefined;
  hint?: string | undefined;
  cause?: unknown;
}

/**
 * A failure while a model is found, downloaded or kept. `code`:
 *
 * - `invalid-model-name`: the text is not a model's name.
 * - `model-unknown`: one word that neither the catalogue nor the store has.
 * - `quantization-not-found`: the repository has no file of this quantization.
 * - `model-not-gguf`: the source is there, but has no GGUF model.
 * - `repository-not-found`, `repository-gated`: it does not exist or is private; its terms must be accepted first.
 * - `hub-offline`, `host-not-allowed`: settings forbid the request.
 * - `hub-unreachable`, `hub-refused`: no answer, or an answer with an error.
 * - `model-not-downloaded`: a name without a model on this device.
 * - `download-damaged`, `download-failed`: wrong size or hash; the download ended early or could not be saved.
 * - `disk-too-small`: the free space is known to be too small before the download.
 * - `store-unusable`: a folder or file of the store cannot be read or written.
 * - `bundle-invalid`: an exported file is damaged or is not one.
 */
export class HubError extends NanoAgentError {
  override name = "HubError";
  declare readonly code: HubErrorCode;

  constructor(parts: HubErrorParts) {
    super(parts);
  }
}
