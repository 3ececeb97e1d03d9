import { HubError } from "../hub-error.js";
import { formatModelName } from "../names/format-model-name.js";
import type { ModelName } from "../names/model-name.js";
import { isGgufPath } from "../names/name-rules.js";
import { normalizeQuantization, quantizationLabel } from "../names/quantization-label.js";
import { sideFileKind } from "./side-files.js";

/** Fields of a file that its choice depends on. */
interface ListedFile {
  /** Path in the repository, with slashes. */
  path: string;
  /** Size in bytes; null if unknown. */
  bytes: number | null;
}

/** One file, or all parts of a split model in order. */
interface ListedModel<File extends ListedFile> {
  quantization: string | null;
  files: readonly [File, ...File[]];
}

/** A file that was not taken for a model. */
export interface LeftOutFile {
  path: string;
  /** `side-file` such as a projector; `incomplete-split` with missing parts; `not-gguf` for a piece of a cut file. */
  reason: "side-file" | "incomplete-split" | "not-gguf";
  /** For side files, their kind in the plural: `draft models`; otherwise null. */
  kind: string | null;
}

export interface ChosenFiles<File extends ListedFile> {
  /** Smallest first. Models with the same label follow one another, the one that is meant by the label first. */
  models: readonly ListedModel<File>[];
  /** Files with weights that were left out. Other kinds of files are not listed. */
  leftOut: readonly LeftOutFile[];
}

const SPLIT = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/is;

/** Files of cut GGUF files: `model.gguf-split-aa`, `model.gguf.part1of3`. */
const CUT = /\.gguf(?:-split-[a-z]+|\.part-?\d+(?:of\d+)?|\.\d{2,3})$/i;

/** Most parts of a split model. */
const MAX_PARTS = 1000;

/** Finds the models among the files of a repository. The names alone decide, so that a header has to confirm them. */
export function chooseFiles<File extends ListedFile>(files: readonly File[]): ChosenFiles<File> {
  const models: ListedModel<File>[] = [];
  const leftOut: LeftOutFile[] = [];
  const splits = new Map<string, File[]>();

  for (const file of new Map(files.map((one) => [one.path, one])).values()) {
    const { path } = file;
    if (!isGgufPath(path)) {
      if (CUT.test(path)) leftOut.push({ path, reason: "not-gguf", kind: null });
      continue;
    }
    const kind = sideFileKind(path);
    if (kind !== null) {
      leftOut.push({ path, reason: "side-file", kind });
      continue;
    }
    const split = splitOf(path);
    if (split === null) models.push({ quantization: labelOf(path), files: [file] });
    else splits.set(split.group, [...(splits.get(split.group) ?? []), file]);
  }
  for (const parts of splits.values()) {
    const ordered = completeParts(parts);
    if (ordered !== null) models.push({ quantization: labelOf(ordered[0].path), files: ordered });
    else leftOut.push(...parts.map(({ path }) => ({ path, reason: "incomplete-split" as const, kind: null })));
  }
  return { models: inOrder(models), leftOut };
}

/**
 * Returns the first model with a label, in any case. The prefix `UD-` may be left out where that is not ambiguous.
 * `name` is the name that the user gave, for the message and the command in the hint; null for a hint without one.
 *
 * Throws a `HubError` with code `quantization-not-found`, whose hint lists the labels that there are.
 */
export function selectModel<Model extends { quantization: string | null }>(
  models: readonly Model[],
  quantization: string,
  name: ModelName | null,
): Model {
  const wanted = normalizeQuantization(quantization);
  const labels = [...new Set(models.flatMap((model) => model.quantization ?? []))];
  const label = labels.includes(wanted) ? wanted : labels.find((one) => one === `UD-${wanted}`);
  const model = label === undefined ? undefined : models.find((one) => one.quantization === label);
  if (model !== undefined) return model;
  const shown = name?.source === "hub" ? name.repository : name?.source === "ollama" ? formatModelName(name) : null;
  const command = commandFor(name, labels[0]);
  throw new HubError({
    code: "quantization-not-found",
    message: `${shown ?? "The repository"} has no file of the quantization ${JSON.stringify(wanted)}.`,
    reason: labels.length === 0 ? "The names of its GGUF files contain no quantization." : undefined,
    hint:
      labels.length === 0
        ? "Leave out the quantization, or write the address of the file."
        : `Choose one of ${labels.join(", ")}${command === null ? "." : `, as in: ${command}`}`,
  });
}

/** Returns a command that downloads a quantization; null if no name stands for it. */
function commandFor(name: ModelName | null, label: string | undefined): string | null {
  if (label === undefined) return null;
  if (name?.source === "hub") {
    return `nanoagent models pull ${formatModelName({ ...name, file: null, quantization: label })}`;
  }
  // A name of Ollama stands for one file.
  return name?.source === "ollama" ? `nanoagent models pull ${formatModelName(name)}` : null;
}

/** Returns the place of a part of a split model, or null for a path that is not one. */
export function splitOf(path: string): { group: string; part: number; parts: number } | null {
  const match = SPLIT.exec(path);
  if (match === null) return null;
  const [, prefix = "", part, parts] = match;
  return { group: `${prefix}-of-${parts}`, part: Number(part), parts: Number(parts) };
}

function completeParts<File extends ListedFile>(files: readonly File[]): [File, ...File[]] | null {
  const byPart = new Map(files.map((file) => [splitOf(file.path)?.part, file]));
  const [first] = files;
  const parts = first === undefined ? 0 : (splitOf(first.path)?.parts ?? 0);
  if (parts > MAX_PARTS || files.length !== parts) return null;
  const ordered = Array.from({ length: parts }, (_, index) => byPart.get(index + 1));
  return ordered.every((file) => file !== undefined) ? (ordered as [File, ...File[]]) : null;
}

/** Returns the label in the file's name, or in the nearest folder that has one. */
function labelOf(path: string): string | null {
  return stemOf(path)
    .split("/")
    .reduceRight<string | null>((label, segment) => label ?? quantizationLabel(segment), null);
}

/** Returns a path without `.gguf` and the number of its part. */
function stemOf(path: string): string {
  return SPLIT.exec(path)?.[1] ?? path.replace(/\.gguf$/i, "");
}

function inOrder<File extends ListedFile>(models: readonly ListedModel<File>[]): ListedModel<File>[] {
  const groups = new Map<string, ListedModel<File>[]>();
  for (const model of models) {
    const key = model.quantization ?? `/${model.files[0].path}`;
    groups.set(key, [...(groups.get(key) ?? []), model]);
  }
  const ordered = [...groups.values()].map((group) => group.sort(compareSameLabel));
  return ordered.sort(([one], [other]) => compareSize(one, other)).flat();
}

/** Puts a name that ends with its label before one that goes on, then fewer parts, then the shorter path. */
function compareSameLabel<File extends ListedFile>(one: ListedModel<File>, other: ListedModel<File>): number {
  const rank = ({ quantization, files: [first, ...parts] }: ListedModel<File>) => {
    const stem = stemOf(first.path);
    const name = stem.slice(stem.lastIndexOf("/") + 1);
    return [endsWithLabel(name, quantization) ? 0 : 1, parts.length, first.path.length] as const;
  };
  const [ending, parts, length] = rank(one);
  const [otherEnding, otherParts, otherLength] = rank(other);
  return ending - otherEnding || parts - otherParts || length - otherLength || comparePaths(one, other);
}

/** Whether a label is the end of a name: a letter after it makes it a part of a longer word. */
function endsWithLabel(name: string, label: string | null): boolean {
  return (
    label !== null && quantizationLabel(name) !== null && quantizationLabel(`${name}X`) !== quantizationLabel(name)
  );
}

function compareSize<File extends ListedFile>(one?: ListedModel<File>, other?: ListedModel<File>): number {
  if (one === undefined || other === undefined) return 0;
  return sizeOf(one) - sizeOf(other) || comparePaths(one, other);
}

function sizeOf<File extends ListedFile>({ files }: ListedModel<File>): number {
  return files.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0);
}

function comparePaths<File extends ListedFile>(one: ListedModel<File>, other: ListedModel<File>): number {
  const [path, otherPath] = [one.files[0].path, other.files[0].path];
  return path < otherPath ? -1 : path > otherPath ? 1 : 0;
}
