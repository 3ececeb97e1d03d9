// Builds the model catalogue of @nanoagent/hub from the notes in packages/hub/catalogue/notes.
// Usage: node scripts/build-catalogue.mjs [--check] [--notes FOLDER]
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const notesFolder = path.join(root, "packages/hub/catalogue/notes");
const target = path.join(root, "packages/hub/src/catalogue/catalogue.json");
const schemaFile = path.join(root, "packages/hub/schemas/model-catalogue.json");
const SOURCES_FILE = "sources.yaml";

/** Facts of a model besides its files and quality figures. */
const FACTS = [
  "repository",
  "parameters",
  "shape",
  "trained_context_tokens",
  "license",
  "tool_calling",
  "embedding",
  "good_for",
];
const ROUNDED_DIGITS = 3;

/** Returns the text of the catalogue. Throws an error that names the note, or the place in the catalogue, with a fault. */
export function buildCatalogue(folder = notesFolder) {
  const { parse } = requireFrom("runtime", "yaml");
  const read = (name) => parse(readFileSync(path.join(folder, name), "utf8"));
  const sources = read(SOURCES_FILE);
  const used = [];
  const sourceIndex = (word, place) => {
    if (!Object.hasOwn(sources, word)) throw new Error(`${place}: unknown source "${word}"`);
    if (!used.includes(word)) used.push(word);
    return used.indexOf(word);
  };
  const files = readdirSync(folder)
    .filter((name) => name.endsWith(".yaml") && name !== SOURCES_FILE)
    .sort();
  const models = files.flatMap((name) => {
    const { family, models: noted } = read(name);
    return noted.map((note) => modelOf(note, note.family ?? family, `${name}, ${note.name}`, sourceIndex));
  });
  const unused = Object.keys(sources).filter((word) => !used.includes(word));
  if (unused.length > 0) throw new Error(`${SOURCES_FILE}: no note names ${unused.join(", ")}`);
  const catalogue = { format: 1, sources: used.map((word) => sources[word]), models };
  checkSchema(catalogue);
  return format(`${JSON.stringify(catalogue, null, 2)}\n`);
}

/** Throws an error that names the first place where a catalogue differs from its schema. */
function checkSchema(catalogue) {
  const { default: Ajv } = requireFrom("models", "ajv/dist/2020.js");
  const validate = new Ajv().compile(JSON.parse(readFileSync(schemaFile, "utf8")));
  if (validate(catalogue)) return;
  const [{ instancePath, message }] = validate.errors;
  const [, index, rest] = /^\/models\/(\d+)(.*)$/.exec(instancePath) ?? [null, null, instancePath];
  const place = index === null ? rest : `${catalogue.models[index].name}${rest}`;
  throw new Error(`${place}: ${message}`);
}

/** Loads a package that one of the workspace's packages depends on. */
function requireFrom(folder, name) {
  return createRequire(path.join(root, "packages", folder, "package.json"))(name);
}

function modelOf(note, family, place, sourceIndex) {
  const known = new Set(["name", "family", "variant_of", "files", "quality", ...FACTS]);
  const stray = Object.keys(note).find((key) => !known.has(key));
  if (stray !== undefined) throw new Error(`${place}: unknown key "${stray}"`);
  const facts = {};
  const factSources = {};
  for (const fact of FACTS) {
    const [value, source] = note[fact] ?? [fact === "good_for" ? [] : fact === "embedding" ? false : null, null];
    facts[fact] = value;
    if (value === null && source !== null) throw new Error(`${place}: ${fact} is null but has a source`);
    if (source !== null) factSources[fact] = sourceIndex(source, `${place}, ${fact}`);
    else if (note[fact] !== undefined) throw new Error(`${place}: ${fact} has no source`);
  }
  const { repository, ...others } = facts;
  const files = note.files.map(([file, quantization, bytes, sha256_prefix, source]) => ({
    file,
    quantization,
    bytes_rounded: bytes === null ? null : Number(bytes.toPrecision(ROUNDED_DIGITS)),
    sha256_prefix,
    source: sourceIndex(source, `${place}, ${file}`),
  }));
  const quality = (note.quality ?? []).map(([figure, value, source]) => ({
    figure,
    value,
    source: sourceIndex(source, `${place}, ${figure}`),
  }));
  const variant = note.variant_of === undefined ? {} : { variant_of: note.variant_of };
  return { name: note.name, family, ...variant, repository, files, ...others, quality, sources: factSources };
}

/** Formats as the linter wants it. */
function format(text) {
  const biome = path.join(root, "node_modules/@biomejs/biome/bin/biome");
  return execFileSync(process.execPath, [biome, "format", `--stdin-file-path=${target}`], {
    cwd: root,
    input: text,
    encoding: "utf8",
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { check: { type: "boolean" }, notes: { type: "string" } } });
  const text = buildCatalogue(values.notes);
  if (!values.check) writeFileSync(target, text);
  else if (readFileSync(target, "utf8") !== text) {
    console.error("catalogue.json is stale. Run node scripts/build-catalogue.mjs.");
    process.exitCode = 1;
  }
}
