import { rename } from "node:fs/promises";
import path from "node:path";
import { isTaken } from "../caches/hub-cache.js";
import type { HubEnvironment } from "../environment/hub-environment.js";
import { makeFolder } from "../files/make-folder.js";
import { readSmallFile } from "../files/read-small-file.js";
import { replaceFile } from "../files/replace-file.js";
import { errnoOf } from "../files/store-unusable.js";
import { type ModelStamp, parseModelStamp } from "./model-stamp.js";
import { withStoreLock } from "./store-lock.js";

const FORMAT = 1;
/** Largest file. Stamps of a thousand models need 0.6 MB. */
const MAX_BYTES = 4_194_304;
/** Most copies of damaged files. */
const MAX_COPIES = 4;

export interface StampsFile {
  stamps: ModelStamp[];
  /** Sentences for people: entries or a file that cannot be read. */
  notices: string[];
}

interface ParsedStamps extends StampsFile {
  /** Whether the next write must keep a copy of the present file. */
  mustKeep: boolean;
  /** Whether a newer nanoagent wrote the file, so that this one must not change it. */
  isNewer: boolean;
  /** Error of the system for a file that may be whole, but cannot be read now. */
  error: unknown;
}

/**
 * Reads the stamps. Never rejects: a file that cannot be read, exceeds 4 MB or has another form counts as empty, with a
 * notice. The next write keeps it as `models.json.damaged`, or with a number if there is one already. A file of a newer
 * format is never changed.
 */
export async function readStamps(environment: Pick<HubEnvironment, "stampsFile">): Promise<StampsFile> {
  const { stamps, notices } = await parse(environment.stampsFile);
  return { stamps, notices };
}

/**
 * Changes the stamps in one step: other programs that write at the same time lose nothing. Never rejects: if the file
 * cannot be written, the result has a notice, and the models are hashed again when they are used next.
 */
export async function updateStamps(
  environment: Pick<HubEnvironment, "stampsFile">,
  change: (stamps: readonly ModelStamp[]) => readonly ModelStamp[],
): Promise<{ notices: string[] }> {
  const file = environment.stampsFile;
  try {
    await makeFolder(path.dirname(file), 0o700);
    return await withStoreLock(`${file}.lock`, async () => {
      const { stamps, mustKeep, isNewer, error } = await parse(file);
      if (error !== null) throw error;
      if (isNewer)
        return { notices: [`A newer nanoagent wrote ${file}. It was not changed, and nothing was recorded.`] };
      const notices = mustKeep ? [`${file} could not be read in full. ${await setAside(file)}`] : [];
      await replaceFile(file, format(change(stamps)), 0o600);
      return { notices };
    });
  } catch (error) {
    const errno = errnoOf(error);
    return {
      notices: [
        `${file} cannot be written${errno ? ` (${errno})` : ""}. Models will be hashed again when they are used next.`,
      ],
    };
  }
}

/** Keeps a copy of a damaged file, beside those of earlier damages. Returns a sentence for people. */
async function setAside(file: string): Promise<string> {
  for (let number = 1; number <= MAX_COPIES; number += 1) {
    const copy = number === 1 ? `${file}.damaged` : `${file}.damaged-${number}`;
    if (await isTaken(copy)) continue;
    await rename(file, copy);
    return `It was kept as ${copy}.`;
  }
  return `It was replaced: ${MAX_COPIES} copies of damaged files are kept beside it already.`;
}

/** Returns the stamps with one more, which replaces an earlier one of the same file. */
export function withStamp(stamps: readonly ModelStamp[], stamp: ModelStamp): ModelStamp[] {
  return [...stamps.filter(({ path }) => path !== stamp.path), stamp];
}

/** Returns the text of the file. The stamps that were written first are left out if the rest would exceed its limit. */
function format(stamps: readonly ModelStamp[]): string {
  const lines = stamps.map((stamp) => JSON.stringify(stamp));
  let bytes = lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 2, 64);
  while (bytes > MAX_BYTES) bytes -= Buffer.byteLength(lines.shift() ?? "") + 2;
  return `{"format":${FORMAT},"models":[\n${lines.join(",\n")}\n]}\n`;
}

async function parse(file: string): Promise<ParsedStamps> {
  let text: string;
  try {
    text = (await readSmallFile(file, MAX_BYTES)).toString("utf8");
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return { stamps: [], notices: [], mustKeep: false, isNewer: false, error: null };
    const errno = errnoOf(error);
    const notice = errno ? `${file} cannot be read (${errno}).` : (error as Error).message;
    return {
      stamps: [],
      notices: [`${notice} Models must be hashed again.`],
      mustKeep: errno === null,
      isNewer: false,
      error: errno === null ? null : error,
    };
  }
  const unusable = (why: string, isNewer = false) => ({
    stamps: [],
    notices: [`${file} ${why}. It is ignored, and models must be hashed again.`],
    mustKeep: !isNewer,
    isNewer,
    error: null,
  });
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return unusable("is not JSON");
  }
  const { format, models } = (data ?? {}) as { format?: unknown; models?: unknown };
  if (typeof format === "number" && format > FORMAT) return unusable("was written by a newer nanoagent", true);
  if (format !== FORMAT || !Array.isArray(models)) return unusable("does not have the form of format 1");
  const stamps = models.map(parseModelStamp).filter((stamp) => stamp !== null);
  const damaged = models.length - stamps.length;
  return {
    stamps,
    notices: damaged === 0 ? [] : [`${file} has ${damaged} damaged ${damaged === 1 ? "entry" : "entries"}. Ignored.`],
    mustKeep: damaged > 0,
    isNewer: false,
    error: null,
  };
}
