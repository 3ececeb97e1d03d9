import path from "node:path";
import type { HubEnvironment } from "../environment/hub-environment.js";
import { makeFolder } from "../files/make-folder.js";
import { readSmallFile } from "../files/read-small-file.js";
import { replaceFile } from "../files/replace-file.js";
import { errnoOf, storeUnusable } from "../files/store-unusable.js";
import { hasInvisibleCharacters } from "../names/name-rules.js";
import {
  addLearned,
  type LearnedFacts,
  type LearnedFile,
  type LearnedRepository,
  MAX_FILES,
  MAX_REPOSITORIES,
  NOTHING_LEARNED,
} from "./learned.js";

/** Largest file to read: 200 repositories with 64 files each. */
const MAX_BYTES = 4 * 2 ** 20;
/** Version of the file's form. */
const FORMAT = 1;
const MAX_TEXT_CHARACTERS = 1024;
const MAX_FORMER_NAMES = 16;

/** Facts of a file, and a sentence if the file could not be used. */
export interface ReadLearned {
  facts: LearnedFacts;
  notice: string | null;
  /** Whether a newer nanoagent wrote the file, so that this one must not change it. */
  isNewer: boolean;
}

/** Returns the path of the file with learned facts: `catalogue.json` beside the stamps. */
export function learnedFile({ stampsFile }: Pick<HubEnvironment, "stampsFile">): string {
  return path.join(path.dirname(stampsFile), "catalogue.json");
}

/**
 * Reads learned facts. A missing file has none; a damaged one, and one of a newer nanoagent, has none and a notice. Never
 * throws.
 */
export async function readLearned(file: string): Promise<ReadLearned> {
  const none = (notice: string | null, isNewer = false) => ({ facts: NOTHING_LEARNED, notice, isNewer });
  try {
    const value: unknown = JSON.parse((await readSmallFile(file, MAX_BYTES)).toString("utf8"));
    if (isRecord(value) && typeof value.format === "number" && value.format > FORMAT) {
      return none(`A newer nanoagent wrote ${file}. It is not changed, and the shipped catalogue is used.`, true);
    }
    const facts = checkFacts(value);
    if (facts !== null) return { facts, notice: null, isNewer: false };
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return none(null);
  }
  return none(`${file} cannot be read, so the shipped catalogue is used unchanged. The next download writes it anew.`);
}

/**
 * Adds a repository to a file with learned facts, which is replaced in one step. Of two writers at once, the last one
 * wins. A file of a newer nanoagent stays as it is. Throws a `HubError` with code `store-unusable` if the file cannot be
 * written.
 */
export async function rememberLearned(file: string, learned: LearnedRepository): Promise<void> {
  const { facts, isNewer } = await readLearned(file);
  if (isNewer) return;
  try {
    await makeFolder(path.dirname(file));
    await replaceFile(file, `${JSON.stringify(addLearned(facts, learned), null, 2)}\n`);
  } catch (error) {
    throw storeUnusable("The facts about the repository could not be saved.", file, error);
  }
}

/** Returns the facts if the value has the form of this version; entries with faults are left out. Otherwise null. */
function checkFacts(value: unknown): LearnedFacts | null {
  if (!isRecord(value) || value.format !== FORMAT || !Array.isArray(value.repositories)) return null;
  const repositories = value.repositories.slice(-MAX_REPOSITORIES).flatMap((entry) => checkRepository(entry) ?? []);
  return { format: 1, repositories };
}

function checkRepository(value: unknown): LearnedRepository | null {
  if (!isRecord(value)) return null;
  const { repository, former_names, is_gone, license, files, learned_at } = value;
  if (!isText(repository) || typeof is_gone !== "boolean" || !isText(learned_at)) return null;
  if (license !== null && !isText(license)) return null;
  if (!Array.isArray(former_names) || !Array.isArray(files)) return null;
  return {
    repository,
    former_names: former_names.slice(0, MAX_FORMER_NAMES).filter(isText),
    is_gone,
    license,
    files: files.slice(0, MAX_FILES).flatMap((file) => checkFile(file) ?? []),
    learned_at,
  };
}

function checkFile(value: unknown): LearnedFile | null {
  if (!isRecord(value)) return null;
  const { file, quantization, bytes, sha256 } = value;
  if (!isText(file) || !isText(quantization)) return null;
  if (bytes !== null && !(Number.isSafeInteger(bytes) && Number(bytes) > 0)) return null;
  if (sha256 !== null && !(typeof sha256 === "string" && /^[0-9a-f]{64}$/.test(sha256))) return null;
  return { file, quantization, bytes: bytes === null ? null : Number(bytes), sha256 };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a value is a text that may be shown to a person. */
function isText(value: unknown): value is string {
  return (
    typeof value === "string" && value !== "" && value.length <= MAX_TEXT_CHARACTERS && !hasInvisibleCharacters(value)
  );
}
