import { NanoAgentError } from "@nanoagent/models";

/** What {@link InvalidModelFileError} says. */
export interface InvalidModelFileParts {
  path: string;
  /** The part of the file that is wrong: `magic`, a metadata key, `tensor blk.0.attn_q.weight`. */
  field: string;
  /** The byte at which that part begins. */
  offset: number;
  /** What is wrong, as the end of a sentence: `is 3, which is no power of two`. */
  problem: string;
  hint?: string | undefined;
}

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

  constructor({ path, field, offset, problem, hint = DEFAULT_HINT }: InvalidModelFileParts) {
    super({
      code: "invalid-model-file",
      message: `${path} cannot be used as a model: ${field} ${problem}.`,
      reason: `It is at byte ${offset} of the file.`,
      hint,
    });
    this.path = path;
    this.field = field;
    this.offset = offset;
  }
}
