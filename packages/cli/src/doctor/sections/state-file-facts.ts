import { lstat } from "node:fs/promises";
import path from "node:path";
import { readHubEnvironment } from "@nanoagent/hub";
import { LocalMachine, measurementPath } from "@nanoagent/profiler";
import { stateFolderOf } from "@nanoagent/server/program";
import { historyFile } from "../../input/input-history.js";
import type { ExaminedConfig } from "../examined-config.js";
import { readFileFormat } from "../file-format.js";
import type { PartFacts } from "../report-section.js";
import { modeOf } from "./config-facts.js";

/** Newest format that this version reads, by the name of the file. */
export const newestFormats: Readonly<Record<string, number>> = {
  "serve-keys.json": 1,
  "device-measurement.json": 1,
  "models.json": 1,
  "catalogue.json": 1,
  "engine-state.json": 3,
  "engine-state.tried": 3,
  "page.json": 1,
};

/** Gathers path, size, permissions and format of the files that the program keeps. Reads nothing but their formats. */
export async function gatherStateFiles(examined: ExaminedConfig): Promise<PartFacts> {
  const dir = await examined.sessionFolder();
  const paths = [...ownFiles(), ...(dir === null ? [] : sessionFiles.map((name) => path.join(dir, name)))];
  const files = (await Promise.all([...new Set(paths)].map(describeFile))).filter((file) => file !== null);
  const newer = files.filter(({ note }) => note?.includes("newer")).length;
  const summary = `${files.length} found${newer === 0 ? "" : `, ${newer} of a newer version`}`;
  return { summary, data: { files } };
}

const sessionFiles = ["engine-state.json", "engine-state.kv", "engine-state.tried", "page.json"];

function ownFiles(): string[] {
  const places = [
    () => path.join(stateFolderOf(process.env), "serve-keys.json"),
    () => measurementPath(new LocalMachine()),
    () => historyFile(process.env, process.platform),
    () => readHubEnvironment().stampsFile,
    () => path.join(path.dirname(readHubEnvironment().stampsFile), "catalogue.json"),
  ];
  return places.flatMap((place) => {
    try {
      return place() ?? [];
    } catch {
      // A user without a home folder has no such file.
      return [];
    }
  });
}

async function describeFile(file: string) {
  const found = await lstat(file).catch((error: NodeJS.ErrnoException) => error);
  if (found instanceof Error) {
    const isAbsent = found.code === "ENOENT" || found.code === "ENOTDIR";
    return isAbsent
      ? null
      : { file, bytes: null, mode: null, changed_at: null, format: null, note: `cannot be read (${found.code})` };
  }
  const name = path.basename(file);
  const newest = newestFormats[name];
  const format = newest === undefined ? null : await readFileFormat(file);
  return {
    file,
    bytes: found.size,
    mode: modeOf(found.mode),
    changed_at: found.mtime.toISOString(),
    format,
    note: noteOn(name, found.isFile(), newest, format),
  };
}

function noteOn(
  name: string,
  isFile: boolean,
  newest: number | undefined,
  format: number | string | null,
): string | null {
  if (!isFile) return "not a regular file";
  if (newest === undefined) return null;
  if (format === null) return "damaged: no format can be read";
  if (typeof format === "number" && format > newest) return "written by a newer version of nanoagent";
  return name.endsWith(".tried") ? "loaded, but no reply has confirmed it yet; or the load ended the program" : null;
}
