import { type UnfinishedFile, unfinishedByName, unfinishedBySibling } from "../foreign/unfinished-file.js";
import { InvalidModelFileError, type ModelFileFault, WHOLE_FILE } from "../invalid-model-file-error.js";
import { modelParts } from "../model-parts.js";
import { UnreadableModelFileError } from "../unreadable-model-file-error.js";
import { withModelFile } from "../with-model-file.js";
import type { GgufHeader } from "./gguf-header.js";
import { MAX_TENSORS } from "./gguf-limits.js";
import { parseGguf } from "./parse-gguf.js";

/**
 * Reads the header of a GGUF file: figures, tensors, tokenizer and chat template. Weights are not read, and tokens and
 * merges are skipped: a vocabulary of 262,144 tokens takes 10 ms, or 30 ms in a new process, and 1 MB. For a split
 * model, `path` can be any part: all parts are read, and the result has the path of the first. Throws {@link
 * InvalidModelFileError} for a file that is damaged, hostile or not a model, and {@link UnreadableModelFileError} for a
 * file that the system refuses to read.
 */
export async function readGguf(path: string): Promise<GgufHeader> {
  const header = await readOne(path);
  return header.split === null ? header : joinParts(header);
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

/**
 * Reads the other files of a split model. Their names are derived from the name of this file, never from its contents.
 */
async function joinParts(named: GgufHeader): Promise<GgufHeader> {
  const { split } = named;
  const parts = modelParts(named.path);
  if (split === null) return named;
  if (parts === null || parts.paths.length !== split.count || parts.index !== split.number) {
    const name = (number: number) => `NAME-${digits(number)}-of-${digits(split.count)}.gguf`;
    failSplit(named.path, "split.no", `marks the file as part ${split.number + 1} of ${split.count}, unlike its name`, {
      hint:
        `Put all ${split.count} parts into one folder, named ${name(1)} to ${name(split.count)} (this one is ` +
        `${name(split.number + 1)}), and use the first.`,
    });
  }
  const headers: GgufHeader[] = [];
  for (const [index, path] of parts.paths.entries()) {
    headers.push(index === parts.index ? named : await readPart(path, index, split.count));
  }
  const first = headers[0] ?? named;
  const tensors = headers.flatMap(({ tensors }, part) => tensors.map((tensor) => ({ ...tensor, part })));
  if (tensors.length > MAX_TENSORS)
    failSplit(
      first.path,
      "tensor count",
      `is ${tensors.length} in all parts together, but the limit is ${MAX_TENSORS}`,
    );
  if (split.tensor_count !== null && split.tensor_count !== tensors.length) {
    const problem = `is ${split.tensor_count}, but the ${split.count} parts have ${tensors.length} tensors`;
    failSplit(named.path, "split.tensors.count", problem);
  }
  const names = new Set<string>();
  for (const { name, part } of tensors) {
    if (names.has(name)) failSplit(parts.paths[part] ?? first.path, `tensor ${name}`, "is also in another part");
    names.add(name);
  }
  return { ...first, file_bytes: headers.reduce((sum, { file_bytes }) => sum + file_bytes, 0), tensors };
}

async function readPart(path: string, index: number, count: number): Promise<GgufHeader> {
  const header = await readOne(path).catch((error: unknown) => {
    if (!(error instanceof UnreadableModelFileError) || error.code !== "model-not-found") throw error;
    return failSplit(path, "the file", `is part ${index + 1} of ${count} and is missing`, {
      hint: `Download all ${count} parts of the model into one folder, and keep their names.`,
    });
  });
  if (header.split?.number === index && header.split.count === count) return header;
  const { split } = header;
  const found = split === null ? "a complete model" : `part ${split.number + 1} of ${split.count}`;
  return failSplit(path, "split.no", `marks the file as ${found}, but its name as part ${index + 1} of ${count}`, {
    hint: "Download the parts again with their original names.",
  });
}

function failSplit(path: string, field: string, problem: string, { hint }: { hint?: string } = {}): never {
  throw new InvalidModelFileError({ path, field, offset: 0, problem, hint });
}

function digits(number: number): string {
  return String(number).padStart(5, "0");
}
