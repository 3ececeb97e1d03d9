import { rm } from "node:fs/promises";
import path from "node:path";
import { cutText } from "@nanoagent/models";
import { findModels } from "../caches/find-models.js";
import { isTaken, placeSnapshot } from "../caches/hub-cache.js";
import type { ModelOrigin } from "../caches/model-origin.js";
import { namedModelPath } from "../caches/own-models.js";
import { downloadFile } from "../download/download-file.js";
import type { HubEnvironment } from "../environment/hub-environment.js";
import { HubError } from "../hub-error.js";
import { formatModelName } from "../names/format-model-name.js";
import type { ModelName } from "../names/model-name.js";
import { modelWord } from "../names/model-word.js";
import type { HttpClient } from "../network/http-client.js";
import type { RemoteFile, RemoteModel, RemoteRepository } from "../sources/remote-model.js";
import { recordModel } from "../store/record-model.js";
import { type ExpectedModel, withExpected } from "./expected-model.js";
import { findHere } from "./find-here.js";
import { type Places, placesOf } from "./places.js";
import type { PullEvent, PulledModel } from "./pull-event.js";

/** Largest file with the text of a license that is stored. */
const MAX_LICENSE_BYTES = 2 ** 20;
/** Digits of a hash in a name that is made of a word and a hash. */
const HASH_CHARACTERS = 12;
/** Longest word before them. */
const MAX_STEM_CHARACTERS = 80;

interface DownloadOptions {
  environment: HubEnvironment;
  client: HttpClient;
  /** Size of the file by its header, for a source that does not say it; null if unknown. */
  leastBytes: number | null;
  /** Whether a file of the same name may be replaced although its source gives no hash. */
  isForced: boolean;
  /** Contents that the model must have. */
  expected?: ExpectedModel | undefined;
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
  const totalBytes = sizeOf(model);
  let bytes = 0;
  let downloadedBytes = 0;
  let isOwn = true;
  const files: { path: string; sha256: string }[] = [];
  for (const file of model.files) {
    const place = await placeOf(file, places, options);
    const pinned = withExpected(file, options.expected);
    const isStated = pinned.sha256 === file.sha256;
    const done = await fetchFile(
      pinned,
      place,
      options,
      (received) => onEvent({ type: "progress", receivedBytes: bytes + received, totalBytes }),
      isStated ? undefined : (sha256) => options.expected?.refuse({ bytes: null, sha256 }) as Error,
    );
    if (file.bytes === null && done.bytes < (options.leastBytes ?? 0)) throw await cutShort(file, place, done.bytes);
    bytes += done.bytes;
    downloadedBytes += done.downloadedBytes;
    // A file that was here before may belong to another program.
    isOwn &&= !done.wasHere;
    files.push({ path: await nameFile(file, place, repository, environment), sha256: done.sha256 });
  }
  onEvent({ type: "progress", receivedBytes: bytes, totalBytes: totalBytes ?? bytes });
  const [first] = files as [{ path: string; sha256: string }];
  const known = {
    name: await nameOf(first.path, name, repository, environment),
    license: repository.license,
  };
  const { notices } = await recordModel(environment, {
    ...known,
    source: ORIGINS[repository.source],
    repository: repository.repository,
    revision: repository.revision,
    quantization: model.quantization,
    files,
    own: isOwn,
    licenseFiles: await fetchLicenses(repository, places, options),
  });
  for (const message of notices) onEvent({ type: "notice", message });
  const isCompared = model.files.every(hasHash);
  return { ...known, path: first.path, bytes, sha256: first.sha256, downloadedBytes, isCompared };
}

const ORIGINS: Readonly<Record<RemoteRepository["source"], ModelOrigin>> = {
  huggingface: "huggingface",
  ollama: "ollama",
  address: "address",
};

/** Returns the size of all files; null if the source does not say it. */
function sizeOf({ files }: RemoteModel): number | null {
  return files.reduce<number | null>((sum, { bytes }) => (sum === null || bytes === null ? null : sum + bytes), 0);
}

function hasHash({ sha256, gitSha1 }: RemoteFile): boolean {
  return sha256 !== null || gitSha1 !== null;
}

/** Returns the name by which a model can be used now that its file is there. */
async function nameOf(
  path: string,
  name: ModelName,
  { repository, source }: RemoteRepository,
  environment: HubEnvironment,
): Promise<string> {
  const { models } = await findModels(environment);
  const found = models.find(({ files }) => files[0].path === path);
  if (found !== undefined) return found.name;
  return source === "huggingface" && repository !== null ? repository : formatModelName(name);
}

interface FilePlace {
  /** Path that the download is written to. */
  blob: string;
  /** Path by which the file is used. */
  path: string;
}

/**
 * Returns where a file is stored. A name in the folder of own models may be taken by other contents, which something may still
 * use: expected contents then get a name of their own.
 */
async function placeOf(file: RemoteFile, places: Places, { environment, expected, signal }: DownloadOptions) {
  const place: FilePlace = { blob: places.blobOf(file), path: places.pathOf(file) };
  if (expected === undefined || place.blob !== place.path) return place;
  const here = await findHere(withExpected(file, expected), place, { environment, signal });
  if (here === null || here.isRight) return place;
  const word = cutText(modelWord(path.basename(place.path)) ?? "model", MAX_STEM_CHARACTERS);
  const own = namedModelPath(environment, `${word}-${expected.sha256.slice(0, HASH_CHARACTERS)}`);
  return { blob: own, path: own };
}

/** Downloads a file, unless it is here already with the right contents. */
async function fetchFile(
  file: RemoteFile,
  place: FilePlace,
  { client, signal, isForced, environment }: DownloadOptions,
  onBytes: (receivedBytes: number) => void,
  wrongContents?: (sha256: string) => Error,
) {
  const here = await findHere(file, place, { environment, signal });
  if (here?.isRight) return { ...here, downloadedBytes: 0, wasHere: true };
  if (here !== null && !hasHash(file) && !isForced) throw nameTaken(place.path);
  const onProgress = ({ receivedBytes }: { receivedBytes: number }) => onBytes(receivedBytes);
  return { ...(await downloadFile(file, place.blob, { client, signal, onProgress, wrongContents })), wasHere: false };
}

/** Gives a downloaded file the path by which it is used, and returns that path. */
async function nameFile(
  file: RemoteFile,
  place: FilePlace,
  { source, repository, revision, reference }: RemoteRepository,
  environment: HubEnvironment,
): Promise<string> {
  if (source !== "huggingface" || repository === null || revision === null) return place.path;
  const { blob } = place;
  // Where links are not possible, the file itself is at its final path, and its blob is gone.
  if (!(await isTaken(blob))) return place.path;
  return placeSnapshot(environment, { repository, commit: revision, reference, path: file.path, blob });
}

/** Stores the texts of the license. A failure is a notice: the model can be used without them. */
async function fetchLicenses(
  repository: RemoteRepository,
  places: Places,
  options: DownloadOptions,
): Promise<string[]> {
  const stored: string[] = [];
  for (const file of repository.licenseFiles) {
    if (file.bytes === null || file.bytes > MAX_LICENSE_BYTES) continue;
    const place = places.licenseOf(file);
    try {
      const { wasHere } = await fetchFile(file, place, options, () => {});
      const path = await nameFile(file, place, repository, options.environment);
      // A text that was here before may belong to another program, so it is not removed with the model.
      if (!wasHere) stored.push(path);
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      options.onEvent({ type: "notice", message: `The license file ${file.path} was not stored: ${error.message}` });
    }
  }
  return stored;
}

/** Removes a file that ends before its data does, and returns the error. */
async function cutShort(file: RemoteFile, { blob }: FilePlace, bytes: number): Promise<HubError> {
  await rm(blob, { force: true });
  return new HubError({
    code: "download-damaged",
    message: `${file.path} ends after ${bytes} bytes, before its data does.`,
    reason: "The server did not say the size of the file, and ended it early.",
    hint: "Try again, or use another source of the file.",
  });
}

function nameTaken(path: string): HubError {
  return new HubError({
    code: "store-unusable",
    message: `Another file is already at ${path}.`,
    reason: "The address gives no hash, so the program cannot tell whether it is an older version of the same file.",
    hint: "Remove it with nanoagent models rm, or pass --force to replace it.",
  });
}
