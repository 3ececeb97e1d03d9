import { constants } from "node:fs";
import { open } from "node:fs/promises";
import path from "node:path";
import type { HubEnvironment } from "../environment/hub-environment.js";
import { errnoOf, storeUnusable } from "../files/store-unusable.js";
import { HubError } from "../hub-error.js";
import { importBundle } from "./import-bundle.js";
import { importGguf } from "./import-gguf.js";
import type { ImportedModel, ImportModelOptions } from "./imported-model.js";

/** Bytes that show the kind of a file: a tar header has its mark at 257. */
const START_BYTES = 512;
const { O_RDONLY, O_NONBLOCK = 0 } = constants;

/**
 * Adds a model from a file: one that `exportModel` wrote, or a GGUF file, which is copied and gets the name of the file
 * without `.gguf`. The contents are verified before the model gets its name, and nothing remains when the import fails
 * or is aborted.
 *
 * Throws a `HubError`: `bundle-invalid` for a damaged or hostile bundle or another kind of file, `disk-too-small`,
 * `store-unusable` if the name is taken, or a file cannot be read or written. For a damaged GGUF file, `cause` is the
 * error of `readGguf`.
 */
export async function importModel(
  file: string,
  environment: HubEnvironment,
  options: ImportModelOptions = {},
): Promise<ImportedModel> {
  const source = path.resolve(file);
  // Opening a named pipe would block until something writes to it.
  const handle = await open(source, O_RDONLY | O_NONBLOCK).catch((error) => {
    const hint = `Check the path, for example with: ls ${path.dirname(source)}`;
    const isMissing = ["ENOENT", "ENOTDIR"].includes(errnoOf(error) ?? "");
    throw storeUnusable(isMissing ? `File not found: ${file}.` : `${file} cannot be opened.`, source, error, hint);
  });
  try {
    if (!(await handle.stat()).isFile()) throw unknownKind(file, "It is a folder or a device.");
    const start = Buffer.alloc(START_BYTES);
    const { bytesRead } = await handle.read(start, 0, START_BYTES, 0);
    if (start.toString("latin1", 0, 4) === "GGUF") return await importGguf(source, environment, options);
    if (bytesRead === START_BYTES && start.toString("latin1", 257, 262) === "ustar") {
      return await importBundle(source, handle, environment, options);
    }
    throw unknownKind(file, "It begins neither as a GGUF file nor as an exported model.");
  } finally {
    await handle.close();
  }
}

function unknownKind(file: string, reason: string): HubError {
  return new HubError({
    code: "bundle-invalid",
    message: `${path.basename(file)} cannot be imported.`,
    reason,
    hint: "Import a .gguf file, or one that nanoagent models export wrote.",
  });
}
