import { existsSync } from "node:fs";
import { open, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { makeFolder } from "@nanoagent/runtime/program";

/** The program's schema of configs: compressed beside the built program, or in another package of the sources. */
const [packedSchema, sourceSchema] = [
  "./schemas/nano-agent-config.json.br",
  "../../../models/schemas/nano-agent-config.json",
].map((file) => fileURLToPath(new URL(file, import.meta.url))) as [string, string];
const INSTALLED = "node_modules/@nanoagent/models/schemas/nano-agent-config.json";
const COPY = ".nanoagent/nano-agent-config.schema.json";

/** The schema that a config refers to. */
export interface PlacedSchema {
  /** Path relative to the config's folder, beginning with `./` or `../`; null if there is no schema. */
  reference: string | null;
  /** File that was written; null if none was. */
  written: string | null;
  /** Reason why the schema could not be written; null if it could. */
  failure: string | null;
}

/**
 * Finds the schema of an installed `@nanoagent/models` in the folder of a config or in a parent. If there is none,
 * writes a copy into `.nanoagent` beside the config, or replaces a copy with other content.
 */
export async function placeSchema(configFile: string): Promise<PlacedSchema> {
  const folder = path.dirname(path.resolve(configFile));
  for (let parent = folder; ; parent = path.dirname(parent)) {
    if (existsSync(path.join(parent, INSTALLED))) {
      const up = path.relative(folder, parent).replaceAll(path.sep, "/");
      return { reference: `${up || "."}/${INSTALLED}`, written: null, failure: null };
    }
    if (path.dirname(parent) === parent) break;
  }
  const file = path.join(path.dirname(configFile), COPY);
  try {
    const isWritten = await writeCopy(file);
    return { reference: `./${COPY}`, written: isWritten ? file : null, failure: null };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { reference: null, written: null, failure: `Cannot write ${file}: ${code ?? String(error)}.` };
  }
}

async function readSchema(): Promise<Buffer> {
  if (!existsSync(packedSchema)) return readFile(sourceSchema);
  const { brotliDecompressSync } = await import("node:zlib");
  return brotliDecompressSync(await readFile(packedSchema));
}

/** Writes the copy, unless the file has this content already. Returns whether it was written. */
async function writeCopy(file: string): Promise<boolean> {
  const schema = await readSchema();
  const present = await readFile(file).catch(() => null);
  if (present?.equals(schema)) return false;
  await makeFolder(path.dirname(file));
  const temporary = `${file}.${crypto.randomUUID().slice(0, 8)}`;
  try {
    const handle = await open(temporary, "wx");
    try {
      await handle.chmod(0o644);
      await handle.writeFile(schema);
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } finally {
    await rm(temporary, { force: true }).catch(() => {});
  }
  return true;
}
