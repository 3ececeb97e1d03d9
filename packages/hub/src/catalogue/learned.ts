import type { RemoteRepository } from "../sources/remote-model.js";
import type { CatalogueFile, CatalogueModel, ModelCatalogue } from "./model-catalogue.js";

/** A file of a repository, as its source described it. */
export interface LearnedFile {
  file: string;
  quantization: string;
  /** Size of all parts together; null if the source does not say it. */
  bytes: number | null;
  /** SHA-256 of a model in one file; null for a split model, or if the source does not say it. */
  sha256: string | null;
}

/** Facts of a repository that were seen when a model was downloaded from it, or looked up. */
export interface LearnedRepository {
  /** Current name, written as in the catalogue. */
  repository: string;
  /** Earlier names under which it was asked for. */
  former_names: readonly string[];
  /** Whether the source no longer has it. */
  is_gone: boolean;
  license: string | null;
  files: readonly LearnedFile[];
  /** Time of the request, ISO 8601. */
  learned_at: string;
}

/** All repositories that were seen, the newest last. */
export interface LearnedFacts {
  format: 1;
  repositories: readonly LearnedRepository[];
}

export const NOTHING_LEARNED: LearnedFacts = { format: 1, repositories: [] };

/** Most repositories to remember; the oldest are forgotten. Bounds the file to about 1 MB. */
export const MAX_REPOSITORIES = 200;
/** Most files to remember of one repository. Large publishers offer about 30 quantizations. */
export const MAX_FILES = 64;

/**
 * Returns the facts of a repository that its source has just described, or null for a plain address. `askedFor` is the
 * name in the request, if it differs: the repository was renamed.
 */
export function learnedFrom(
  { source, repository, license, models }: RemoteRepository,
  { askedFor, now = new Date() }: { askedFor?: string | undefined; now?: Date | undefined } = {},
): LearnedRepository | null {
  if (repository === null || source === "address") return null;
  const name = source === "ollama" ? ollamaName(repository) : repository;
  const files = models.slice(0, MAX_FILES).flatMap(({ quantization, files: [first, ...others] }): LearnedFile[] => {
    if (quantization === null) return [];
    const sizes = [first, ...others].map(({ bytes }) => bytes);
    const bytes = sizes.reduce((sum, size) => (sum === null || size === null ? null : sum + size), 0 as number | null);
    return [{ file: first.path, quantization, bytes, sha256: others.length > 0 ? null : first.sha256 }];
  });
  return {
    repository: name,
    former_names: askedFor === undefined || isSameName(askedFor, name) ? [] : [askedFor],
    is_gone: false,
    license,
    files,
    learned_at: now.toISOString(),
  };
}

/** Returns the fact that a source no longer has a repository. */
export function learnedGone(repository: string, now = new Date()): LearnedRepository {
  const learned_at = now.toISOString();
  return { repository, former_names: [], is_gone: true, license: null, files: [], learned_at };
}

/** Adds a repository to the facts. It replaces what was known of it under its current and its earlier names. */
export function addLearned(facts: LearnedFacts, learned: LearnedRepository): LearnedFacts {
  const names = [learned.repository, ...learned.former_names];
  const isIt = ({ repository }: LearnedRepository) => names.some((name) => isSameName(name, repository));
  const earlier = facts.repositories.filter(isIt);
  const former = [...learned.former_names, ...earlier.flatMap((entry) => [entry.repository, ...entry.former_names])];
  const former_names = unique(former.filter((name) => !isSameName(name, learned.repository)));
  const repositories = [...facts.repositories.filter((entry) => !isIt(entry)), { ...learned, former_names }];
  return { format: 1, repositories: repositories.slice(-MAX_REPOSITORIES) };
}

/** A catalogue with what was learned, and sentences about what differs from the one that was shipped. */
export interface LearnedCatalogue {
  catalogue: ModelCatalogue;
  notices: readonly string[];
}

/**
 * Replaces facts of a catalogue by what was learned: names, licenses, files, exact sizes and hashes. A repository that
 * is gone is left out.
 */
export function withLearned(catalogue: ModelCatalogue, facts: LearnedFacts): LearnedCatalogue {
  const notices: string[] = [];
  const models = catalogue.models.flatMap((model): CatalogueModel[] => {
    const learned = facts.repositories.findLast(({ repository, former_names }) =>
      [repository, ...former_names].some((name) => isSameName(name, model.repository)),
    );
    if (learned === undefined) return [model];
    if (learned.is_gone) {
      notices.push(`${model.repository} no longer exists, so ${model.name} is left out.`);
      return [];
    }
    if (!isSameName(learned.repository, model.repository)) {
      notices.push(`${model.repository} is now ${learned.repository}.`);
    }
    return [replaced(model, learned, notices)];
  });
  return { catalogue: { ...catalogue, models }, notices };
}

function replaced(model: CatalogueModel, learned: LearnedRepository, notices: string[]): CatalogueModel {
  const { license } = learned;
  if (license !== null && model.license !== null && license !== model.license) {
    notices.push(`The license of ${learned.repository} is ${license}, not ${model.license} as the catalogue says.`);
  }
  const files = learned.files.map(({ file, quantization, bytes, sha256 }): CatalogueFile => {
    const shipped = model.files.find((entry) => entry.file === file);
    if (shipped?.sha256_prefix != null && sha256 !== null && !sha256.startsWith(shipped.sha256_prefix)) {
      notices.push(`${file} of ${learned.repository} is not the file that the catalogue was made from.`);
    }
    return { bytes_rounded: null, sha256_prefix: null, ...shipped, file, quantization, bytes, sha256 };
  });
  return {
    ...model,
    repository: learned.repository,
    license: license ?? model.license,
    files: files.length > 0 ? files : model.files,
  };
}

/** Returns a model of Ollama as the catalogue names it: without the default namespace. */
function ollamaName(repository: string): string {
  return `ollama:${repository.replace(/^library\//, "")}`;
}

/** Whether two texts name the same repository: sources ignore case. */
function isSameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function unique(names: readonly string[]): string[] {
  return [...new Map(names.map((name) => [name.toLowerCase(), name])).values()];
}
