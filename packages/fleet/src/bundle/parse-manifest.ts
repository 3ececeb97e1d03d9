import {
  type BundleFile,
  type BundleManifest,
  type BundleModel,
  MAX_CONTENT_BYTES,
  MAX_FILES,
  MAX_MANIFEST_BYTES,
} from "./bundle-manifest.js";
import { checkArray, checkInteger, checkObject, checkSha256, checkText, shown } from "./check-fields.js";
import { PathSet, problemOfPath } from "./file-paths.js";
import { malformed, tooNew } from "./malformed.js";
import { parseJson } from "./parse-json.js";

/** Longest name and version of a bundle, in characters. They are shown in one line. */
const MAX_NAME_CHARACTERS = 100;
/** Longest range of versions, in characters. */
const MAX_RANGE_CHARACTERS = 200;
/** Longest name and source of a model, in characters. */
const MAX_MODEL_CHARACTERS = 500;
/** Most models of a bundle. */
const MAX_MODELS = 32;
/** Names of the config, of which a bundle has one. */
const CONFIGS: readonly string[] = ["agent.yaml", "agent.json"];
/** Date, or date and time, with an optional zone. */
const ISO_8601 = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)?)?$/;

/**
 * Returns the manifest of a bundle from the bytes that are signed. Throws `FleetError` (`bundle-malformed`), which names the
 * key or file, for everything that a manifest may not contain.
 */
export function parseManifest(bytes: Uint8Array): BundleManifest {
  if (bytes.length > MAX_MANIFEST_BYTES) throw malformed(`Its manifest has more than ${MAX_MANIFEST_BYTES} bytes.`);
  const value = parseJson(bytes, "manifest");
  const { format } = checkFormat(value);
  const keys = ["format", "name", "version", "sequence", "created", "requires", "models", "files"];
  const fields = checkObject(value, keys, "its manifest");
  const { requires, models } = fields;
  return {
    format,
    name: checkText(fields.name, MAX_NAME_CHARACTERS, '"name" in its manifest'),
    version: checkText(fields.version, MAX_NAME_CHARACTERS, '"version" in its manifest'),
    sequence: checkInteger(fields.sequence, 1, '"sequence" in its manifest'),
    created: parseTime(fields.created),
    ...(requires !== undefined && { requires: parseRequires(requires) }),
    ...(models !== undefined && { models: parseModels(models) }),
    files: parseFiles(fields.files),
  };
}

/** The format comes first: a manifest of a later one may have other keys. */
function checkFormat(value: unknown): { format: 1 } {
  const format = typeof value === "object" && value !== null && "format" in value ? value.format : undefined;
  if (typeof format === "number" && Number.isInteger(format) && format > 1) throw tooNew();
  if (typeof value === "object" && value !== null && !Array.isArray(value) && format !== 1) {
    throw malformed(`"format" in its manifest is ${shown(format)}, not 1.`);
  }
  return { format: 1 };
}

function parseTime(value: unknown): string {
  const created = checkText(value, 40, '"created" in its manifest');
  if (ISO_8601.test(created) && !Number.isNaN(Date.parse(created)) && isDay(created.split("T")[0] ?? ""))
    return created;
  throw malformed(`"created" in its manifest is ${shown(created)}, not a time in the form of ISO 8601.`);
}

/** Whether the calendar has the day. Date.parse takes 31 February for a day in March. */
function isDay(day: string): boolean {
  const time = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(day);
}

function parseRequires(value: unknown): BundleManifest["requires"] {
  const { nanoagent } = checkObject(value, ["nanoagent"], '"requires" in its manifest');
  if (nanoagent === undefined) return {};
  return { nanoagent: checkText(nanoagent, MAX_RANGE_CHARACTERS, '"requires.nanoagent" in its manifest') };
}

function parseModels(value: unknown): readonly BundleModel[] {
  const names = new Set<string>();
  return checkArray(value, MAX_MODELS, '"models" in its manifest').map((item, index) => {
    const place = `model ${index + 1} of its manifest`;
    const model = checkObject(item, ["name", "source", "size", "sha256"], place);
    const name = checkText(model.name, MAX_MODEL_CHARACTERS, `"name" of ${place}`);
    if (names.has(name)) throw malformed(`The model ${shown(name)} is in its manifest twice.`);
    names.add(name);
    return {
      name,
      source: checkText(model.source, MAX_MODEL_CHARACTERS, `"source" of ${place}`),
      size: checkInteger(model.size, 1, `"size" of ${place}`),
      sha256: checkSha256(model.sha256, `"sha256" of ${place}`),
    };
  });
}

function parseFiles(value: unknown): readonly BundleFile[] {
  const paths = new PathSet();
  let total = 0;
  const files = checkArray(value, MAX_FILES, '"files" in its manifest').map((item, index) => {
    const file = parseFile(item, index);
    paths.add(file.path);
    total += file.size;
    if (total > MAX_CONTENT_BYTES) throw malformed(`Its files have more than ${MAX_CONTENT_BYTES} bytes.`);
    return file;
  });
  const configs = files.filter(({ path }) => CONFIGS.includes(path));
  if (configs.length === 0) throw malformed("It has no config: neither agent.yaml nor agent.json is at its root.");
  if (configs.length > 1) throw malformed("It has two configs: agent.yaml and agent.json.");
  return files;
}

function parseFile(value: unknown, index: number): BundleFile {
  const place = `file ${index + 1} of its manifest`;
  const file = checkObject(value, ["path", "size", "sha256", "mode"], place);
  const { path, mode } = file;
  if (typeof path !== "string") throw malformed(`"path" of ${place} is not a text.`);
  const problem = problemOfPath(path);
  if (problem !== null) throw malformed(`The path ${shown(path)} ${problem}.`);
  const named = shown(path);
  if (mode !== 420 && mode !== 493) {
    throw malformed(`The mode of ${named} is ${shown(mode)}; only 420 (0644) and 493 (0755) are allowed.`);
  }
  return {
    path,
    size: checkInteger(file.size, 0, `the size of ${named}`),
    sha256: checkSha256(file.sha256, `the SHA-256 of ${named}`),
    mode,
  };
}
