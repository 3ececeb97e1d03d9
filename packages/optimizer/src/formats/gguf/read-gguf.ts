import { type UnfinishedFile, unfinishedByName, unfinishedBySibling } from "../foreign/unfinished-file.js";
import { InvalidModelFileError, type ModelFileFault, WHOLE_FILE } from "../invalid-model-file-error.js";
import { withModelFile } from "../with-model-file.js";
import type { GgufHeader } from "./gguf-header.js";
import { joinGgufParts } from "./join-gguf-parts.js";
import { parseGguf } from "./parse-gguf.js";

/**
 * Reads the header of a GGUF file: figures, tensors, tokenizer and chat template. Weights are not read, and tokens and
 * merges are skipped: a vocabulary of 262,144 tokens takes 10 ms, or 30 ms in a new process, and 1 MB. For a split
 * model, `path` can be any part: all parts are read, and the result has the path of the first. Throws {@link
 * InvalidModelFileError} for a file that is damaged, hostile or not a model, and {@link UnreadableModelFileError} for a
 * file that the system refuses to read.
 */
export async function readGguf(path: string): Promise<GgufHeader> {
  return joinGgufParts(await readOne(path), readOne);
}

async function readOne(path: string): Promise<GgufHeader> {
  const header = await withModelFile(path, (source) => parseGguf(path, source)).catch((error: unknown) => {
    if (!(error instanceof InvalidModelFileError) || !UNFINISHED_FAULTS.has(error.fault)) throw error;
    const unfinished = unfinishedByName(path);
    if (unfinished === null) throw error;
    return failUnfinished(path, unfinished, error);
  });
  const unfinished = await unfinishedBySibling(path);
  return unfinished === null ? header : failUnfinished(path, unfinished);
}

/** Faults that an incomplete file can cause: later parts of a file can begin with any bytes. */
const UNFINISHED_FAULTS: ReadonlySet<ModelFileFault> = new Set(["cut-off", "other-format", "not-a-model", "unknown"]);

function failUnfinished(path: string, { problem, hint }: UnfinishedFile, cause?: InvalidModelFileError): never {
  const found = cause === undefined ? undefined : `${cause.field} ${cause.problem}`;
  const reason = found && `${found.charAt(0).toUpperCase()}${found.slice(1)}.`;
  throw new InvalidModelFileError({ path, field: WHOLE_FILE, offset: 0, problem, reason, hint, fault: "cut-off" });
}
