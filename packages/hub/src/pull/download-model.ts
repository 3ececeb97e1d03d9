import { stat } from "node:fs/promises";
import { placeSnapshot } from "../caches/hub-cache.js";
import type { ModelOrigin } from "../caches/model-origin.js";
import { downloadFile } from "../download/download-file.js";
import type { HubEnvironment } from "../environment/hub-environment.js";
import { hashFile } from "../files/hash-file.js";
import { HubError } from "../hub-error.js";
import { formatModelName } from "../names/format-model-name.js";
import type { ModelName } from "../names/model-name.js";
import type { HttpClient } from "../network/http-client.js";
import type { RemoteFile, RemoteModel, RemoteRepository } from "../sources/remote-model.js";
import { recordModel } from "../store/record-model.js";
import { type Places, placesOf, wordOf } from "./places.js";
import type { PullEvent, PulledModel } from "./pull-event.js";

/** Largest file with the text of a license that is stored. */
const MAX_LICENSE_BYTES = 2 ** 20;

interface DownloadOptions {
  environment: HubEnvironment;
  client: HttpClient;
  onEvent: (event: PullEvent) => void;
  signal: AbortSignal | undefined;
}

/** Downloads all files of a model and its license, verifies them, gives them their names, and records their hashes. */
export async function downloadModel(
  name: ModelName,
  repository: RemoteRepository,
  model: RemoteModel,
  options: DownloadOptions,
): Promise<PulledModel> {
  const { environment, onEvent } = options;
  const places = placesOf(repository, name, environment);
  const known = model.files.every(({ bytes }) => bytes !== null);
  const totalBytes = known ? model.files.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0) : null;
  let before = 0;
  let downloadedBytes = 0;
  const files: { path: string; sha256: string }[] = [];
  for (const file of model.files) {
    const done = await fetchFile(file, places, options, (received) =>
      onEvent({ type: "progress", receivedBytes: before + received, totalBytes }),
    );
    before += done.bytes;
    downloadedBytes += done.downloadedBytes;
    files.push({ path: await nameFile(file, repository, places, environment), sha256: done.sha256 });
  }
  onEvent({ type: "progress", receivedBytes: before, totalBytes: totalBytes ?? before });
  const licenseFiles = await fetchLicenses(repository, places, options);
  const [first] = files as [{ path: string; sha256: string }];
  const { notices } = await recordModel(environment, {
    name: nameOf(name, repository, model),
    source: ORIGINS[repository.source],
    repository: repository.repository,
    revision: repository.revision,
    quantization: model.quantization,
    license: repository.license,
    files,
    own: true,
    licenseFiles,
  });
  for (const message of notices) onEvent({ type: "notice", message });
  const { source } = repository;
  return {
    name: nameOf(name, repository, model),
    path: first.path,
    bytes: before,
    sha256: first.sha256,
    license: repository.license,
    downloadedBytes,
    isCompared: source !== "address",
  };
}

const ORIGINS: Readonly<Record<RemoteRepository["source"], ModelOrigin>> = {
  huggingface: "huggingface",
  ollama: "ollama",
  address: "address",
};

/** Returns the name by which the model can be used. */
function nameOf(
  name: ModelName,
  { repository, source }: RemoteRepository,
  { quantization, files }: RemoteModel,
): string {
  if (source === "ollama") return formatModelName(name);
  if (source === "address" || repository === null) return wordOf(files[0]);
  return formatModelName({ source: "hub", repository, quantization, file: null, revision: null });
}

/** Downloads a file, unless it is here already with the right contents. */
async function fetchFile(
  file: RemoteFile,
  places: Places,
  { client, signal }: DownloadOptions,
  onBytes: (receivedBytes: number) => void,
) {
  const blob = places.blobOf(file);
  const here = await hashOfExisting(blob, file, signal);
  if (here !== null) return { ...here, downloadedBytes: 0 };
  return downloadFile(file, blob, { client, signal, onProgress: ({ receivedBytes }) => onBytes(receivedBytes) });
}

/** Hashes a file that is already here. Null if there is none, or its contents are wrong: then it is replaced. */
async function hashOfExisting(blob: string, file: RemoteFile, signal: AbortSignal | undefined) {
  const status = await stat(blob).catch(() => null);
  if (!status?.isFile() || (file.bytes !== null && status.size !== file.bytes)) return null;
  if (file.sha256 === null && file.gitSha1 === null) return null;
  const { sha256, gitSha1 } = await hashFile(blob, { withGitSha1: file.sha256 === null, signal });
  const isRight = file.sha256 === null ? gitSha1 === file.gitSha1 : sha256 === file.sha256;
  return isRight ? { bytes: status.size, sha256 } : null;
}

/** Gives a downloaded file the path by which it is used, and returns that path. */
async function nameFile(
  file: RemoteFile,
  { source, repository, revision, reference }: RemoteRepository,
  places: Places,
  environment: HubEnvironment,
): Promise<string> {
  if (source !== "huggingface" || repository === null || revision === null) return places.pathOf(file);
  const blob = places.blobOf(file);
  return placeSnapshot(environment, { repository, commit: revision, reference, path: file.path, blob });
}

/** Stores the texts of the license. A failure is a notice: the model can be used without them. */
async function fetchLicenses(
  repository: RemoteRepository,
  places: Places,
  options: DownloadOptions,
): Promise<string[]> {
  if (repository.source !== "huggingface") return [];
  const stored: string[] = [];
  for (const file of repository.licenseFiles) {
    if (file.bytes === null || file.bytes > MAX_LICENSE_BYTES) continue;
    try {
      await fetchFile(file, places, options, () => {});
      stored.push(await nameFile(file, repository, places, options.environment));
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      options.onEvent({ type: "notice", message: `The license file ${file.path} was not stored: ${error.message}` });
    }
  }
  return stored;
}
