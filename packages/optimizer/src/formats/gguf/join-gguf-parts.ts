import { InvalidModelFileError } from "../invalid-model-file-error.js";
import { modelParts } from "../model-parts.js";
import { UnreadableModelFileError } from "../unreadable-model-file-error.js";
import type { GgufHeader } from "./gguf-header.js";
import { MAX_TENSORS } from "./gguf-limits.js";

/** Reads the header of one file of a model. Rejects with {@link UnreadableModelFileError} if the file is missing. */
export type ReadPart = (path: string) => Promise<GgufHeader>;

/**
 * Returns the header of a split model, joined from those of all its files, given the header of one of them. `readPart`
 * reads the others. Their names are derived from the name of this file, never from its contents. Returns the header of
 * a model in one file unchanged. Throws {@link InvalidModelFileError} for parts that do not belong together.
 */
export async function joinGgufParts(named: GgufHeader, readPart: ReadPart): Promise<GgufHeader> {
  const { split } = named;
  if (split === null) return named;
  const parts = modelParts(named.path);
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
    headers.push(index === parts.index ? named : await readNumbered(path, { index, count: split.count, readPart }));
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

interface NumberedPart {
  index: number;
  count: number;
  readPart: ReadPart;
}

async function readNumbered(path: string, { index, count, readPart }: NumberedPart): Promise<GgufHeader> {
  const header = await readPart(path).catch((error: unknown) => {
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
