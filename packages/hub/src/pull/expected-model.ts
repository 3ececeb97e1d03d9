import type { ModelName } from "../names/model-name.js";
import { selectModel } from "../sources/choose-files.js";
import type { RemoteFile, RemoteModel, RemoteRepository } from "../sources/remote-model.js";

/** Contents of the one file of a model that must be pulled, whatever its name leads to. */
export interface ExpectedModel {
  bytes: number;
  /** 64 hex digits in lower case. */
  sha256: string;
  /** Returns the error for other contents. The facts that are known of them are not null. */
  refuse: (found: { bytes: number | null; sha256: string | null }) => Error;
}

/**
 * Returns the repository with the expected model alone: the one whose hash the source states, or else the one that the name
 * means, if it means one. Throws as {@link refuseOther} does, before even the headers of files are read.
 */
export function onlyExpected(name: ModelName, repository: RemoteRepository, expected: ExpectedModel): RemoteRepository {
  const { models } = repository;
  const only =
    models.find(({ files }) => files.length === 1 && files[0].sha256 === expected.sha256) ?? meantBy(name, repository);
  if (only === null) return repository;
  refuseOther(only, expected);
  return { ...repository, models: [only] };
}

function meantBy(name: ModelName, { models, repository }: RemoteRepository): RemoteModel | null {
  const label = name.source === "hub" ? name.quantization : null;
  if (label === null || name.source !== "hub") return models.length === 1 ? (models[0] ?? null) : null;
  return selectModel(models, label, { ...name, repository: repository ?? name.repository });
}

/** Throws if the source states a size or a hash other than the expected, or several files: before anything is downloaded. */
export function refuseOther({ files }: RemoteModel, { bytes, sha256, refuse }: ExpectedModel): void {
  const [file] = files;
  const isOther =
    files.length > 1 ||
    (file.bytes !== null && file.bytes !== bytes) ||
    (file.sha256 !== null && file.sha256 !== sha256);
  if (isOther) throw refuse({ bytes: files.length > 1 ? null : file.bytes, sha256: file.sha256 });
}

/** Returns a file with the contents that it must have, so that its download ends at this size and is compared with the hash. */
export function withExpected(file: RemoteFile, expected: ExpectedModel | undefined): RemoteFile {
  return expected === undefined ? file : { ...file, bytes: expected.bytes, sha256: expected.sha256 };
}
