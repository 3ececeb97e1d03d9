import { type UnfinishedFile, unfinishedByName, unfinishedBySibling } from "../foreign/unfinished-file.js";
import { InvalidModelFileError, type ModelFileFault, WHOLE_FILE } from "../invalid-model-file-error.js";
import { modelParts } from "../model-parts.js";
import { UnreadableModelFileError } from "../unreadable-model-file-error.js";
import { withModelFile } from "../with-model-file.js";
import type { GgufHeader } from "./gguf-header.js";
import { MAX_TENSORS } from "./gguf-limits.js";
import { parseGguf } from "./parse-gguf.js";

/**
 * What the header of a GGUF file says: its shape, its tensors, its tokenizer and chat template. Weights are not read,
 * and tokens and merges are stepped over: a vocabulary of 262,144 tokens costs 10 ms, 30 in a fresh process, and 1 MB.
 * Of a model in several files any one may be named: all are read, and the first one's path is the model's.
 * Throws {@link InvalidModelFileError} for a file that is broken, hostile or no model, and
 * {@link UnreadableModelFileError} for one that the system does not let us read.
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

/** Faults that the name of an unfinished file explains: later parts begin with any bytes. */
const UNFINISHED_FAULTS: ReadonlySet<ModelFileFault> = new Set(["cut-off", "other-format", "not-a-model", "unknown"]);

function failUnfinished(path: string, { problem, hint }: UnfinishedFile, cause?: InvalidModelFileError): never {
  const found = cause === undefined ? undefined : `${cause.field} ${cause.problem}`;
  const reason = found && `${found.charAt(0).toUpperCase()}${found.slice(1)}.`;
  throw new InvalidModelFileError({ path, field: WHOLE_FILE, offset: 0, problem, reason, hint, fault: "cut-off" });
}

/**
 * Reads the other files of a model, whose names follow from the name of this one and are never taken from its bytes.
 */
async function joinParts(named: GgufHeader): Promise<GgufHeader> {
  const { split } = named;
  const parts = modelParts(named.path);
  if (split === null) return named;
  if (parts === null || parts.paths.length !== split.count || parts.index !== split.number) {
    const name = (number: number) => `NAME-${digits(number)}-of-${digits(split.count)}.gguf`;
    failSplit(named.path, "split.no", `says that this is part ${split.number + 1} of ${split.count}`, {
      hint:
        `Put all ${split.count} parts into one folder, named ${name(1)} to ${name(split.count)} (this one is ` +
        `${name(split.number + 1)}), and name the first.`,
    });
  }
  const headers: GgufHeader[] = [];
  for (const [index, path] of parts.paths.entries()) {
    headers.push(index === parts.index ? named : await readPart(path, index, split.count));
  }
  const first = headers[0] ?? named;
  const tensors = headers.flatMap(({ tensors }, part) => tensors.map((tensor) => ({ ...tensor, part })));
  if (tensors.length > MAX_TENSORS) failSplit(first.path, "tensor count", `comes to ${tensors.length} in all parts`);
  if (split.tensor_count !== null && split.tensor_count !== tensors.length) {
    const problem = `is ${split.tensor_count}, and the ${split.count} parts have ${tensors.length} tensors`;
    failSplit(named.path, "split.tensors.count", problem);
  }
  const names = new Set<string>();
  for (const { name, part } of tensors) {
    if (names.has(name)) failSplit(parts.paths[part] ?? first.path, `tensor ${name}`, "is in another part as well");
    names.add(name);
  }
  return { ...first, file_bytes: headers.reduce((sum, { file_bytes }) => sum + file_bytes, 0), tensors };
}

async function readPart(path: string, index: number, count: number): Promise<GgufHeader> {
  const header = await readOne(path).catch((error: unknown) => {
    if (!(error instanceof UnreadableModelFileError) || error.code !== "model-not-found") throw error;
    return failSplit(path, "the file", `is part ${index + 1} of ${count}, and is not there`, {
      hint: `Download all ${count} parts of the model into one folder, and keep their names.`,
    });
  });
  if (header.split?.number === index && header.split.count === count) return header;
  const { split } = header;
  const found = split === null ? "no part of anything" : `part ${split.number + 1} of ${split.count}`;
  return failSplit(
    path,
    "split.no",
    `says that this is ${found}, and its name that it is part ${index + 1} of ${count}`,
    {
      hint: "Give each part the number in its name that it says itself, or download the parts again with their names.",
    },
  );
}

function failSplit(path: string, field: string, problem: string, { hint }: { hint?: string } = {}): never {
  throw new InvalidModelFileError({ path, field, offset: 0, problem, hint });
}

function digits(number: number): string {
  return String(number).padStart(5, "0");
}
