import { NanoAgentError } from "@nanoagent/models";

/** Parts of an {@link InvalidModelFileError}. */
export interface InvalidModelFileParts {
  path: string;
  /** The invalid part: `the file` as a whole, `version`, a metadata key, `tensor blk.0.attn_q.weight`. */
  field: string;
  /** Offset of the invalid part, in bytes. */
  offset: number;
  /** The problem, as the end of a sentence: `is 3, not a power of two`. */
  problem: string;
  /** Default: the offset in the file. */
  reason?: string | undefined;
  hint?: string | undefined;
  /** Default: `damaged`. */
  fault?: ModelFileFault | undefined;
}

/**
 * Kinds of unusable model files. `damaged`: the file contradicts itself. `cut-off`: its end is missing. `not-a-model`:
 * it contains something else. `other-format`: it contains weights in an unsupported format. `unknown`: its contents are
 * not recognized.
 */
export type ModelFileFault = "damaged" | "cut-off" | "not-a-model" | "other-format" | "unknown";

/** The `field` of a problem with the file as a whole. */
export const WHOLE_FILE = "the file";

const DEFAULT_HINT = "Download the file again, and compare its size or checksum with the source.";

/**
 * Code `invalid-model-file`: a file is not a model, or it is damaged or hostile. `field` is the invalid part, `offset`
 * its first byte, `path` the file. No weights were read.
 */
export class InvalidModelFileError extends NanoAgentError {
  override name = "InvalidModelFileError";
  readonly path: string;
  readonly field: string;
  readonly offset: number;
  /** The problem, as the end of a sentence that begins with `field`. */
  readonly problem: string;
  readonly fault: ModelFileFault;

  constructor(parts: InvalidModelFileParts) {
    const { path, field, offset, problem, hint = DEFAULT_HINT, fault = "damaged" } = parts;
    super({
      code: "invalid-model-file",
      message: `${path} cannot be used as a model: ${field} ${problem}.`,
      reason: parts.reason ?? (offset === 0 ? undefined : `The problem is at byte ${offset} of the file.`),
      hint,
    });
    this.path = path;
    this.field = field;
    this.offset = offset;
    this.problem = problem;
    this.fault = fault;
  }
}
