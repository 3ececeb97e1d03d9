import { NanoAgentError } from "@nanoagent/models";
import {
  type FilePiece,
  type GgufHeader,
  joinGgufParts,
  modelParts,
  parseGgufSibling,
  siblingRanges,
  UnreadableModelFileError,
} from "@nanoagent/optimizer";
import { HubError, type HubErrorCode } from "../hub-error.js";
import type { HttpClient, HttpRequest, HttpResponse } from "../network/http-client.js";
import { refusesToken } from "../network/hub-errors.js";
import type { RemoteFile, RemoteModel } from "../sources/remote-model.js";
import { fetchRange, type RemoteAccess } from "./fetch-range.js";
import { readFileHeader } from "./read-file-header.js";
import { readPartialHeader } from "./read-partial-header.js";

/** The header of a model at a source, or the problem with it. */
export interface RemoteHeader {
  model: RemoteModel;
  /** The same as `readGguf` returns for the file after its download; null if it could not be read. */
  header: GgufHeader | null;
  problem: NanoAgentError | null;
  /** Bytes that were received for it. */
  fetchedBytes: number;
}

export interface RemoteHeadersOptions {
  client: HttpClient;
  /** Returns the path that a model's first file will have after the download. */
  pathOf: (model: RemoteModel) => string;
  /** Returns the path where an unfinished download of a file would be; null for none. Default: none. */
  partialOf?: ((file: RemoteFile) => string | null) | undefined;
  signal?: AbortSignal | undefined;
  /** Called before the header of a model is read. `index` counts from 0. */
  onProgress?: ((progress: { model: RemoteModel; index: number; count: number }) => void) | undefined;
  /** Longest time without any bytes of a header. Default: 30,000. */
  stallMilliseconds?: number | undefined;
}

/** Number of headers that are read at the same time, once one is known. */
const PARALLEL_READS = 2;
const STALL_MILLISECONDS = 30_000;

/** Statuses of a signed address that is no longer valid. */
const EXPIRED: ReadonlySet<number> = new Set([400, 401, 403, 404, 410]);

/** Failures that concern the settings or the account, and so every file of the repository. */
const FAILURES_OF_ALL: ReadonlySet<HubErrorCode> = new Set(["repository-gated", "hub-offline", "host-not-allowed"]);

/** Failures of one file that may be those of the host. */
const FAILURES_OF_HOST: ReadonlySet<HubErrorCode> = new Set(["hub-unreachable", "hub-refused"]);

const UNREACHABLE: ReadonlySet<HubErrorCode> = new Set(["hub-unreachable"]);

/** Number of models in a row without an answer after which the host counts as unreachable. */
const UNANSWERED_AT_FIRST = 2;
/** The same after an answer. Each of them takes about a minute of new tries. */
const UNANSWERED_LATER = 4;

/**
 * Reads the headers of the models of a repository, without their weights. The first is received whole, 2 to 15 MB. For
 * each further quantization in one file, only the parts that differ are received, 150 to 300 KB: `parseGgufSibling` of
 * the optimizer recognizes it. The whole header is received for one that is not recognized, and for a model in several
 * files. A header is read from an unfinished download first.
 *
 * A model that cannot be read does not affect the others, unless the settings or the account are the cause, or the host
 * answers no more: then nothing more is requested, and all models that are not read yet have the same problem. Rejects
 * with that problem if no header could be read at all, also if every model was refused, and with the signal's reason.
 */
export async function readRemoteHeaders(
  models: readonly RemoteModel[],
  options: RemoteHeadersOptions,
): Promise<RemoteHeader[]> {
  const { signal, onProgress } = options;
  const client = new StoppingClient(options.client);
  const headers: RemoteHeader[] = [];
  const known: GgufHeader[] = [];
  const queue = [...models.entries()];
  const readNext = async (): Promise<void> => {
    const next = queue.shift();
    if (next === undefined) return;
    const [index, model] = next;
    if (client.failure !== null) {
      headers[index] = { model, header: null, problem: client.failure, fetchedBytes: 0 };
      return;
    }
    onProgress?.({ model, index, count: models.length });
    headers[index] = await readRemoteHeader(model, known, { ...options, client });
    client.judge(headers[index].problem, known.length > 0);
  };
  const readRest = async (): Promise<void> => {
    while (queue.length > 0) await readNext();
  };
  signal?.throwIfAborted();
  while (queue.length > 0 && known.length === 0) await readNext();
  await Promise.all(Array.from({ length: PARALLEL_READS }, readRest));
  const areAllRefused = headers.every(({ problem }) => isOneOf(problem, FAILURES_OF_HOST));
  const failure = client.failure ?? (areAllRefused ? headers[0]?.problem : null);
  if (failure && headers.every(({ header }) => header === null)) throw failure;
  return headers;
}

function isOneOf(problem: NanoAgentError | null, codes: ReadonlySet<HubErrorCode>): boolean {
  return HubError.isInstance(problem) && codes.has(problem.code as HubErrorCode);
}

/** A client that sends nothing more after a failure that concerns all files, and rejects with it. */
class StoppingClient implements HttpClient {
  readonly #client: HttpClient;
  /** Failures after which the client tried again as often as it does. */
  readonly #unanswered = new WeakSet<object>();
  #unansweredInRow = 0;
  #isTokenRefused = false;
  failure: NanoAgentError | null = null;

  constructor(client: HttpClient) {
    this.#client = client;
  }

  /** Stops all requests if the problem of a model is that of all. `isAnswered` tells whether a header was read before. */
  judge(problem: NanoAgentError | null, isAnswered: boolean): void {
    // The failure of a request that was under way.
    if (this.failure !== null) return;
    const isUnanswered = isOneOf(problem, UNREACHABLE) || (problem !== null && this.#unanswered.has(problem));
    this.#unansweredInRow = isUnanswered ? this.#unansweredInRow + 1 : 0;
    const isHost = this.#unansweredInRow >= (isAnswered ? UNANSWERED_LATER : UNANSWERED_AT_FIRST);
    const isToken = this.#isTokenRefused && isOneOf(problem, FAILURES_OF_HOST);
    if (isHost || isToken || isOneOf(problem, FAILURES_OF_ALL)) this.failure = problem;
  }

  async request(request: HttpRequest): Promise<HttpResponse> {
    if (this.failure !== null) throw this.failure;
    const response = await this.#send(request);
    if (!EXPIRED.has(response.status) || new URL(response.url).origin === new URL(request.url).origin) return response;
    // The signed address that the request was redirected to may have expired: the next one is new.
    response.body.destroy();
    return this.#send(request);
  }

  async #send(request: HttpRequest): Promise<HttpResponse> {
    try {
      const response = await this.#client.request(request);
      this.#isTokenRefused ||= refusesToken(response);
      return response;
    } catch (error) {
      if (HubError.isInstance(error)) this.#unanswered.add(error);
      throw error;
    }
  }
}

/** Reads the header of a model, and adds it to the known ones if it was read completely. */
async function readRemoteHeader(
  model: RemoteModel,
  known: GgufHeader[],
  { client, pathOf, partialOf = () => null, signal, stallMilliseconds = STALL_MILLISECONDS }: RemoteHeadersOptions,
): Promise<RemoteHeader> {
  let fetchedBytes = 0;
  const access: RemoteAccess = { client, signal, stallMilliseconds, onBytes: (bytes) => (fetchedBytes += bytes) };
  try {
    const path = pathOf(model);
    const partPaths = modelParts(path)?.paths ?? [path];
    const readPart = async (partPath: string): Promise<GgufHeader> => {
      const file = partPath === path ? model.files[0] : model.files[partPaths.indexOf(partPath)];
      if (file === undefined) throw new UnreadableModelFileError(partPath, { code: "ENOENT" });
      return (await readPartial(file, partPath, partialOf)) ?? readFileHeader(file, partPath, access);
    };
    const [file, ...others] = model.files;
    const partial = others.length === 0 ? await readPartial(file, path, partialOf) : null;
    const sibling = partial === null && others.length === 0 ? await readSibling(file, path, known, access) : null;
    const header = sibling ?? (await joinGgufParts(partial ?? (await readPart(path)), readPart));
    if (sibling === null) known.push(header);
    return { model, header, problem: null, fetchedBytes };
  } catch (error) {
    signal?.throwIfAborted();
    if (!NanoAgentError.isInstance(error)) throw error;
    return { model, header: null, problem: error, fetchedBytes };
  }
}

async function readPartial(
  file: RemoteFile,
  path: string,
  partialOf: (file: RemoteFile) => string | null,
): Promise<GgufHeader | null> {
  const partial = file.bytes === null ? null : partialOf(file);
  if (partial === null || file.bytes === null) return null;
  return readPartialHeader(partial, { path, fileBytes: file.bytes });
}

/** Reads the header of a further quantization of a known model; null if it is not recognized as one. */
async function readSibling(
  file: RemoteFile,
  path: string,
  known: readonly GgufHeader[],
  access: RemoteAccess,
): Promise<GgufHeader | null> {
  const [first] = known;
  if (first === undefined || file.bytes === null) return null;
  const pieces: FilePiece[] = [];
  for (const range of siblingRanges(first, file.bytes)) {
    const bytes = await fetchRange(file, range, access);
    if (bytes === null) return null;
    pieces.push({ offset: range.from, bytes });
  }
  for (const one of known) {
    const header = await parseGgufSibling(one, path, { fileBytes: file.bytes, pieces });
    if (header !== null) return header;
  }
  return null;
}
