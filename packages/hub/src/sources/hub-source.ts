import { cutText } from "@nanoagent/models";
import { HubError } from "../hub-error.js";
import { formatModelName } from "../names/format-model-name.js";
import type { HubName } from "../names/model-name.js";
import { isRepository } from "../names/name-rules.js";
import type { HttpResponse } from "../network/http-client.js";
import { refusalOf } from "../network/hub-errors.js";
import { maskTokens } from "../network/secrets.js";
import { type ChosenFiles, chooseFiles, splitOf } from "./choose-files.js";
import { type HubDescription, readHubDescription } from "./hub-description.js";
import { droppedRowsNotice, leftOutNotices, shortList } from "./left-out-notices.js";
import { isLicensePath, storedLicenses } from "./license-files.js";
import { limitModels } from "./limit-models.js";
import { malformedAnswer, readJson } from "./read-json.js";
import type { RemoteFile, RemoteModel, RemoteRepository } from "./remote-model.js";
import { requestListing } from "./request-listing.js";
import { sideFileKind } from "./side-files.js";
import type { SourceContext } from "./source-context.js";
import { readTreeRows } from "./tree-rows.js";

/** Largest answer. A listing of 1,000 files has about 400 KB. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** Most pages and rows of a listing. Repositories of models have fewer than 200 files. */
const MAX_PAGES = 20;
const MAX_ROWS = 5000;

/** Fields of the description that are used. Without this list the answer contains every file and chat template. */
const FIELDS = ["sha", "cardData", "tags", "gated"].map((field) => `expand=${field}`).join("&");

/** Answers of mirrors without descriptions. For a missing repository the hub adds a code. */
const WITHOUT_DESCRIPTIONS: ReadonlySet<number> = new Set([400, 404, 405, 501]);
const COMMIT = /^[0-9a-f]{40}$/;

/** Endings of other formats of weights, for the message when there is no GGUF file. */
const OTHER_FORMATS: readonly { format: string; pattern: RegExp }[] = [
  { format: "safetensors", pattern: /\.safetensors$/i },
  { format: "PyTorch", pattern: /\.(?:pt|pth)$|pytorch_model.*\.bin$/i },
  { format: "ONNX", pattern: /\.onnx(?:_data)?$/i },
  { format: "LiteRT", pattern: /\.(?:tflite|litertlm|task)$/i },
  { format: "RKLLM", pattern: /\.rkllm$/i },
];

/**
 * Lists the models of a repository of the hub, or only the one that `name.file` belongs to. Sends two requests, and one
 * more for every further page of a listing: the description, then the listing of the commit that it names, so that all
 * files are of one version. Both answers come from the endpoint itself. A mirror without descriptions names the commit in
 * the headers of the listing, or of a file.
 *
 * Throws a `HubError`: `repository-not-found`, `repository-gated`, `model-not-gguf`, `quantization-not-found` for a file
 * that is not there, `hub-refused`, and those of the client.
 */
export async function openHubRepository(name: HubName, context: SourceContext): Promise<RemoteRepository> {
  const { endpoint } = context.environment;
  const reference = name.revision ?? "main";
  const description = await readDescription(name, reference, context);
  const { license, isGated } = description;
  const known = description.repository ?? name.repository;
  const tree = await listTree(known, description.commit ?? reference, description.commit, context);
  const repository = tree.repository ?? known;
  const commit = tree.commit ?? (await findCommit(repository, reference, tree.rows, context));
  const { files, droppedRows } = readTreeRows(tree.rows, `${endpoint}/${repository}/resolve/${commit}/`);
  const chosen = chooseFiles(files);
  const dropped = droppedRows === 0 ? [] : [droppedRowsNotice(droppedRows, repository)];
  const notices = [
    ...(repository === name.repository ? [] : [`${name.repository} is now named ${repository}.`]),
    ...(isGated
      ? [`${repository} can be downloaded only after its terms are accepted at ${endpoint}/${repository}.`]
      : []),
    ...dropped,
  ];
  if (name.file === null && chosen.models.length === 0) {
    throw noModel(repository, endpoint, files, [...dropped, ...leftOutNotices(chosen.leftOut)]);
  }
  const { kept, leftOut } = limitModels(
    name.file === null ? chosen.models : [modelOfFile(chosen, name.file, name, dropped)],
  );
  if (leftOut > 0) notices.push(`Left out ${leftOut} models of ${repository}: only ${kept.length} are looked at.`);
  return {
    source: "huggingface",
    repository,
    reference,
    revision: commit,
    license,
    licenseFiles: storedLicenses(files.filter(({ path }) => isLicensePath(path))),
    models: kept,
    notices: name.file === null ? [...notices, ...leftOutNotices(chosen.leftOut)] : notices,
  };
}

/** Reads the description of a repository. Unknown parts are null: simple mirrors have listings and files alone. */
async function readDescription(name: HubName, reference: string, context: SourceContext): Promise<HubDescription> {
  const { endpoint } = context.environment;
  const url = `${endpoint}/api/models/${name.repository}/revision/${encodeURIComponent(reference)}?${FIELDS}`;
  const response = await requestListing({ url }, context);
  if (WITHOUT_DESCRIPTIONS.has(response.status) && response.headers["x-error-code"] === undefined) {
    response.body.destroy();
    return readHubDescription(null);
  }
  refuseOther(response, name.revision === null ? name.repository : `Version ${name.revision} of ${name.repository}`);
  return readHubDescription(await readJson(response, MAX_ANSWER_BYTES));
}

/** A listing, with what its answer says of the repository. */
interface HubTree {
  rows: unknown[];
  commit: string | null;
  /** Name after a redirect; null if there was none. */
  repository: string | null;
}

/** Reads all pages of a listing of a commit, or of a branch or tag whose commit is not known. */
async function listTree(
  repository: string,
  revision: string,
  commit: string | null,
  context: SourceContext,
): Promise<HubTree> {
  const tree: HubTree = { rows: [], commit, repository: null };
  const { rows } = tree;
  const { endpoint } = context.environment;
  const first = `${endpoint}/api/models/${repository}/tree/${encodeURIComponent(revision)}?recursive=true`;
  let url: string | null = first;
  for (let page = 0; url !== null; page += 1) {
    if (page >= MAX_PAGES) throw malformedAnswer({ url: first }, `The listing has more than ${MAX_PAGES} pages.`);
    const response: HttpResponse = await requestListing({ url }, context);
    refuseOther(response, repository);
    const served = response.headers["x-repo-commit"];
    if (tree.commit === null && COMMIT.test(served ?? "")) tree.commit = served ?? null;
    if (served !== undefined && served !== tree.commit) {
      response.body.destroy();
      const found = maskTokens(JSON.stringify(cutText(served, 50)));
      throw malformedAnswer(response, `The listing is of commit ${found}, and ${tree.commit} was asked for.`);
    }
    const [, current] = /\/api\/models\/([^/]+\/[^/]+)\/tree\//.exec(response.url) ?? [];
    if (current !== undefined && current !== repository && isRepository(current)) tree.repository = current;
    const part = await readJson(response, MAX_ANSWER_BYTES);
    if (!Array.isArray(part)) throw malformedAnswer(response, "The listing is not a list of files.");
    // In a loop, since a call has a limited number of arguments.
    for (const row of part) rows.push(row);
    if (rows.length > MAX_ROWS) throw malformedAnswer(response, `The listing has more than ${MAX_ROWS} files.`);
    url = nextPage(response);
  }
  return tree;
}

/** Asks for the commit of a branch or tag, which the answer for any of its files names. */
async function findCommit(
  repository: string,
  reference: string,
  rows: readonly unknown[],
  { client, environment, signal }: SourceContext,
): Promise<string> {
  const base = `${environment.endpoint}/${repository}/resolve/${encodeURIComponent(reference)}/`;
  const [file] = readTreeRows(rows, base).files;
  const url = file?.url ?? base;
  const response = await client.request({ url, method: "HEAD", redirect: "same-origin", signal });
  response.body.destroy();
  const commit = response.headers["x-repo-commit"];
  if (commit !== undefined && COMMIT.test(commit)) return commit;
  throw malformedAnswer(
    response,
    "Neither the description, the listing nor the files of the repository name a commit.",
  );
}

/** Throws for an answer that does not contain what was asked for. */
function refuseOther(response: HttpResponse, askedFor: string): void {
  if (response.status === 200) return;
  response.body.destroy();
  throw refusalOf(response, askedFor);
}

/** Returns the address of the next page, or null after the last. */
function nextPage(response: HttpResponse): string | null {
  const { link } = response.headers;
  const header = Array.isArray(link) ? link.join(", ") : (link ?? "");
  const target = /<([^<>]{1,4096})>\s*;[^<>]{0,200}\brel="?next\b/i.exec(header)?.[1];
  if (target === undefined) return null;
  if (!URL.canParse(target, response.url)) {
    throw malformedAnswer(response, "The address of the next page is malformed.");
  }
  const next = new URL(target, response.url);
  // Redirects of listings stay on the host, so that this one is the endpoint's.
  if (next.origin !== new URL(response.url).origin) {
    throw malformedAnswer(response, `The next page of the listing is at ${next.host}, which is another host.`);
  }
  return next.href;
}

/** Returns the error for a repository without a model. `leftOut` are sentences about files that were left out. */
function noModel(
  repository: string,
  endpoint: string,
  files: readonly RemoteFile[],
  leftOut: readonly string[],
): HubError {
  const formats = OTHER_FORMATS.filter(({ pattern }) => files.some(({ path }) => pattern.test(path)));
  const search = encodeURIComponent(`${repository.split("/")[1]} GGUF`);
  const weights = formats.map(({ format }) => format).join(" and ");
  const reasons = [...(weights === "" ? [] : [`Its weights are in ${weights}.`]), ...leftOut];
  return new HubError({
    code: "model-not-gguf",
    message: `${repository} has no GGUF model.`,
    reason: reasons.length === 0 ? "The repository has no file that ends in .gguf." : reasons.join(" "),
    hint: `Look for a repository with GGUF in its name: ${endpoint}/models?search=${search}`,
  });
}

/** Returns the model that a file is, or is a part of. */
function modelOfFile(
  { models, leftOut }: ChosenFiles<RemoteFile>,
  file: string,
  name: HubName,
  dropped: readonly string[],
): RemoteModel {
  const model = models.find(({ files }) => files.some(({ path }) => path === file));
  if (model !== undefined) return model;
  const kind = sideFileKind(file);
  const paths = models.map(({ files: [first] }) => first.path);
  const isPart = splitOf(file) !== null && leftOut.some(({ path }) => path === file);
  throw new HubError({
    code: "quantization-not-found",
    message:
      kind === null ? `${name.repository} has no complete model in ${file}.` : `${file} is not a model by itself.`,
    reason:
      kind !== null
        ? `Files named like this are ${kind}.`
        : isPart
          ? "Other parts of the split file are missing from the repository."
          : ["The repository has no file of this name.", ...dropped].join(" "),
    hint:
      paths[0] === undefined
        ? "Choose another repository: this one has no complete GGUF model."
        : `Its models are ${shortList(paths, 20)}, as in: nanoagent models pull ${formatModelName({ ...name, file: paths[0] })}`,
  });
}
