import path from "node:path";
import { blobPath, snapshotPath } from "../caches/hub-cache.js";
import { licenseFolder, namedModelPath, ollamaModelPath } from "../caches/own-models.js";
import type { HubEnvironment } from "../environment/hub-environment.js";
import { HubError } from "../hub-error.js";
import { formatModelName } from "../names/format-model-name.js";
import type { ModelName } from "../names/model-name.js";
import { modelWord } from "../names/model-word.js";
import type { RemoteFile, RemoteModel, RemoteRepository } from "../sources/remote-model.js";

/** Where the files of a repository are stored. */
export interface Places {
  /** Folder that the files are written to, to measure its free space. */
  folder: string;
  /** Returns the path that a download is written to. */
  blobOf(file: RemoteFile): string;
  /** Returns the path by which a file is used. */
  pathOf(file: RemoteFile): string;
  /** The same two paths of a file with the text of a license. */
  licenseOf(file: RemoteFile): { blob: string; path: string };
}

/** Returns where the files of a repository are stored: the hub's cache, or else the folder of own models. */
export function placesOf(repository: RemoteRepository, name: ModelName, environment: HubEnvironment): Places {
  const { source, repository: id, revision } = repository;
  if (source === "huggingface" && id !== null && revision !== null) {
    const blobOf = (file: RemoteFile) => blobPath(environment, id, file);
    const pathOf = (file: RemoteFile) => snapshotPath(environment, id, revision, file.path);
    const licenseOf = (file: RemoteFile) => ({ blob: blobOf(file), path: pathOf(file) });
    return { folder: environment.hubCache, blobOf, pathOf, licenseOf };
  }
  const pathOf = (file: RemoteFile) =>
    name.source === "ollama" ? ollamaModelPath(environment, name) : namedModelPath(environment, wordOf(file));
  const licenseOf = (file: RemoteFile) => {
    const place = path.join(licenseFolder(environment, formatModelName(name)), path.basename(file.path));
    return { blob: place, path: place };
  };
  return { folder: environment.modelsFolder, blobOf: pathOf, pathOf, licenseOf };
}

/** Returns the name of a model from an address: that of its file without `.gguf`. */
function wordOf(file: RemoteFile): string {
  const word = modelWord(file.path);
  if (word !== null) return word;
  throw new HubError({
    code: "invalid-model-name",
    message: `${file.path} cannot be the name of a model.`,
    hint: "Download the file with another program, rename it, and add it with nanoagent models import FILE.",
  });
}

/** Returns the path by which a model is used: that of its first file. */
export function modelPathOf(places: Places, { files }: RemoteModel): string {
  return places.pathOf(files[0]);
}
