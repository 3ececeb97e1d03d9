import { SHAPED_ARCHITECTURES } from "../../src/catalogue/shape-tensors.js";

const USES = ["chat", "tools", "summaries", "embeddings"];
/** Facts that need a source unless they are null, empty or false. */
const SOURCED = [
  "repository",
  "parameters",
  "shape",
  "trained_context_tokens",
  "license",
  "tool_calling",
  "embedding",
  "good_for",
] as const;
const MODEL_KEYS = ["name", "family", "files", "quality", "sources", ...SOURCED];
const FILE_KEYS = ["file", "quantization", "bytes_rounded", "sha256_prefix", "source"];
const SHAPE_NUMBERS = [
  "embedding_length",
  "layer_count",
  "head_count",
  "kv_head_count",
  "head_length",
  "feed_forward_length",
  "vocabulary_size",
];
const SHAPE_OPTIONS = [
  "has_separate_output",
  "sliding_window_tokens",
  "window_period",
  "window_head_length",
  "shared_layer_count",
  "layer_embedding_length",
  "attention_layers",
  "attention_interval",
  "convolution_length",
  "state_head_count",
  "state_group_count",
  "state_length",
];

type Values = Record<string, unknown>;

/** Lists what is wrong with a catalogue: wrong or missing keys, names that occur twice, facts without a source. */
export function catalogueProblems(value: unknown): string[] {
  const problems: string[] = [];
  if (!isRecord(value) || value.format !== 1 || !isList(value.sources) || !isList(value.models)) {
    return ["a catalogue has format 1, sources and models"];
  }
  const { sources, models } = value;
  const names = new Set<unknown>();
  const repositories = new Set<unknown>();
  for (const [index, model] of models.entries()) {
    if (!isRecord(model)) {
      problems.push(`model ${index} is not an object`);
      continue;
    }
    const fail = (problem: string) => problems.push(`${String(model.name)}: ${problem}`);
    if (names.has(model.name)) fail("its name occurs twice");
    if (repositories.has(model.repository)) fail("its repository occurs twice");
    names.add(model.name);
    repositories.add(model.repository);
    checkModel(model, sources.length, fail);
  }
  return problems;
}

type Fail = (problem: string) => void;

function checkModel(model: Values, sourceCount: number, fail: Fail): void {
  checkKeys(model, MODEL_KEYS, MODEL_KEYS, fail);
  const isSource = (source: unknown) => isCount(source) && source < sourceCount;
  if (typeof model.name !== "string" || !/^[a-z0-9][a-z0-9.-]*$/.test(model.name)) fail("its name is not one word");
  for (const key of ["family", "repository"]) if (!isText(model[key])) fail(`${key} is not a text`);
  for (const key of ["parameters", "trained_context_tokens"]) {
    if (model[key] !== null && !isPositive(model[key])) fail(`${key} is not a positive integer`);
  }
  if (model.license !== null && !isText(model.license)) fail("license is not a text");
  if (model.tool_calling !== null && typeof model.tool_calling !== "boolean") fail("tool_calling is not true or false");
  if (typeof model.embedding !== "boolean") fail("embedding is not true or false");
  if (!isList(model.good_for) || !model.good_for.every((use) => USES.includes(String(use)))) fail("unknown use");
  if (model.shape !== null) checkShape(model.shape, fail);
  checkFiles(model.files, isSource, fail);
  for (const row of isList(model.quality) ? model.quality : [null]) {
    if (!isRecord(row) || !isText(row.figure) || typeof row.value !== "number" || !isSource(row.source)) {
      fail("a quality figure has a name, a value and a source");
    }
  }
  const stated = isRecord(model.sources) ? model.sources : {};
  for (const fact of SOURCED) {
    const value = model[fact];
    // A model is not an embedding model unless a source says so.
    const isUnknown =
      value === null || (fact === "embedding" && value === false) || (isList(value) && value.length === 0);
    if (!isUnknown && !isSource(stated[fact])) fail(`${fact} has no source`);
    if (value === null && stated[fact] !== undefined) fail(`${fact} is unknown but has a source`);
  }
}

function checkFiles(files: unknown, isSource: (source: unknown) => boolean, fail: Fail): void {
  if (!isList(files) || files.length === 0) {
    fail("it has no files");
    return;
  }
  for (const file of files) {
    if (!isRecord(file)) {
      fail("a file is not an object");
      continue;
    }
    checkKeys(file, FILE_KEYS, FILE_KEYS, fail);
    const name = String(file.file);
    if (!isText(file.file)) fail("a file has no name");
    if (typeof file.quantization !== "string" || !/^[A-Z0-9_-]+$/.test(file.quantization)) {
      fail(`${name} has no quantization in upper case`);
    }
    const { bytes_rounded: bytes, sha256_prefix: prefix } = file;
    if (bytes !== null && !(isPositive(bytes) && Number(bytes.toPrecision(3)) === bytes)) {
      fail(`the size of ${name} is not rounded to three digits`);
    }
    if (prefix !== null && !(typeof prefix === "string" && /^[0-9a-f]{16}$/.test(prefix))) {
      fail(`the hash of ${name} does not have 16 digits`);
    }
    if (!isSource(file.source)) fail(`${name} has no source`);
  }
}

function checkShape(shape: unknown, fail: Fail): void {
  if (!isRecord(shape)) {
    fail("its shape is not an object");
    return;
  }
  checkKeys(shape, ["architecture", ...SHAPE_NUMBERS], ["architecture", ...SHAPE_NUMBERS, ...SHAPE_OPTIONS], fail);
  if (!SHAPED_ARCHITECTURES.includes(String(shape.architecture))) fail(`unknown architecture ${shape.architecture}`);
  for (const [key, value] of Object.entries(shape)) {
    const isValid =
      key === "architecture" ||
      (key === "has_separate_output" && typeof value === "boolean") ||
      (key === "attention_layers" && isList(value) && value.every(isCount)) ||
      isPositive(value);
    if (!isValid) fail(`${key} of its shape is not a positive integer`);
  }
}

function checkKeys(value: Values, needed: readonly string[], known: readonly string[], fail: Fail): void {
  for (const key of needed) if (!Object.hasOwn(value, key)) fail(`${key} is missing`);
  for (const key of Object.keys(value)) if (!known.includes(key)) fail(`unknown key ${key}`);
}

function isRecord(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isList(value: unknown): value is unknown[] {
  return Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isPositive(value: unknown): value is number {
  return isCount(value) && value > 0;
}
