import { NanoAgentError } from "@nanoagent/models";

/** What {@link InvalidModelFileError} says. */
export interface InvalidModelFileParts {
  path: string;
  /**
   * The part of the file that is wrong: `the file` as a whole, `version`, a metadata key, `tensor blk.0.attn_q.weight`.
   */
  field: string;
  /** The byte at which that part begins. */
  offset: number;
  /** What is wrong, as the end of a sentence: `is 3, which is no power of two`. */
  problem: string;
  /** Default: the place in the file. */
  reason?: string | undefined;
  hint?: string | undefined;
  /** Default: `damaged`. */
  fault?: ModelFileFault | undefined;
}

/**
 * Kinds of model files that cannot be used. `damaged`: the file contradicts itself. `cut-off`: its end is missing.
 * `not-a-model`: it holds something else. `other-format`: it holds weights that are not in a format for language models
 * here. `unknown`: nothing tells what it holds.
 */
export type ModelFileFault = "damaged" | "cut-off" | "not-a-model" | "other-format" | "unknown";

/** The `field` of what is wrong with a file as a whole. */
export const WHOLE_FILE = "the file";

const DEFAULT_HINT = "Download the file again, and compare its size or checksum with that of the source.";

/**
 * Code `invalid-model-file`: a file is no model, or a broken or hostile one. `field` says which part of it is wrong,
 * `offset` at which byte that part begins, `path` in which file. Nothing of the model's weights was read.
 */
export class InvalidModelFileError extends NanoAgentError {
  override name = "InvalidModelFileError";
  readonly path: string;
  readonly field: string;
  readonly offset: number;
  /** What is wrong, as the end of a sentence that begins with `field`. */
  readonly problem: string;
  readonly fault: ModelFileFault;

  constructor(parts: InvalidModelFileParts) {
    const { path, field, offset, problem, hint = DEFAULT_HINT, fault = "damaged" } = parts;
    super({
      code: "invalid-model-file",
      message: `${path} cannot be used as a model: ${field} ${problem}.`,
      reason: parts.reason ?? (offset === 0 ? undefined : `It is at byte ${offset} of the file.`),
      hint,
    });
    this.path = path;
    this.field = field;
    this.offset = offset;
    this.problem = problem;
    this.fault = fault;
  }
}
