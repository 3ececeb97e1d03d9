import { invalidName, shownName } from "./invalid-name.js";
import type { HubName } from "./model-name.js";
import { isGgufPath, isQuantization, isRepository, isRevision, isSafePath } from "./name-rules.js";
import { decodeSegment } from "./plain-address.js";
import { normalizeQuantization, quantizationLabel } from "./quantization-label.js";

const HINT = "Write a repository of Hugging Face as org/repo or org/repo:Q4_K_M.";

/** First segments of addresses that are not repositories of models. */
const OTHER_PAGES = new Map([
  ["datasets", "a data set"],
  ["spaces", "a space"],
  ["collections", "a collection"],
  ["papers", "a paper"],
  ["docs", "a page of the documentation"],
  ["blog", "a page of the blog"],
  ["posts", "a post"],
  ["api", "a part of the API"],
]);

/** Segments between the repository and the revision in the address of a file. */
const FILE_PAGES = new Set(["blob", "resolve", "raw"]);

/** Reads `org/repo` or `org/repo:QUANTIZATION`. The part after the colon may also be a file: `org/repo:folder/file.gguf`. */
export function parseHubName(name: string): HubName {
  const colon = name.indexOf(":");
  const repository = checkRepository(colon < 0 ? name : name.slice(0, colon), name);
  return { ...withLabel(repository, colon < 0 ? null : name.slice(colon + 1), name), revision: null };
}

/** Reads `hf:org/repo[:QUANTIZATION]` and `hf://org/repo[@revision][/file]`. */
export function parseHubUri(text: string): HubName {
  const name = text.replace(/^hf:(?:\/\/)?/i, "");
  if (!name.includes("@")) {
    const [organization = "", repository = "", ...file] = name.split("/");
    if (file.length === 0 || repository.includes(":")) return parseHubName(name);
    return hubFile(checkRepository(`${organization}/${repository}`, text), null, file.join("/"), text);
  }
  const [before = "", after = "", ...others] = name.split("@");
  if (others.length > 0) throw invalidName(text, "It contains more than one @.", HINT);
  const repository = checkRepository(before, text);
  const [at = "", ...file] = after.split("/");
  const revision = checkRevision(decodeSegment(at), text);
  if (file.length > 0) return hubFile(repository, revision, file.join("/"), text);
  return { source: "hub", repository, quantization: null, file: null, revision };
}

/**
 * Reads the address of a page or file of the hub. `folder` is the path before `/org/repo`.
 * In `…/tree/REVISION/folder`, a label in the folder's name is the quantization.
 */
export function parseHubAddress(text: string, url: URL, folder: string): HubName {
  const raw = url.pathname.slice(folder.length + 1).replace(/\/$/, "");
  const segments = raw.split("/").map((segment) => {
    const decoded = decodeSegment(segment);
    if (decoded === null) throw invalidName(text, "The address has a malformed percent sign.", HINT);
    return decoded;
  });
  const page = OTHER_PAGES.get(segments[0] ?? "");
  if (page !== undefined) throw invalidName(text, `It is the address of ${page}, not of a model.`, HINT);
  if (segments.length === 1) {
    throw invalidName(text, "It is the address of a page of Hugging Face, not of a model.", HINT);
  }

  const [organization, last = "", kind, ...rest] = segments;
  const [named = "", ...label] = kind === undefined ? splitOnce(last, ":") : [last];
  const repository = checkRepository(`${organization}/${named}`, text);
  if (kind === undefined) {
    const shown = url.searchParams.get("show_file_info");
    if (label.length === 0 && shown !== null) return hubFile(repository, null, shown, text);
    return { ...withLabel(repository, label[0] ?? null, text), revision: null };
  }

  const [at, path] = splitRevision(rest);
  if (FILE_PAGES.has(kind) && path !== "") return hubFile(repository, checkRevision(at, text), path, text);
  if (kind !== "tree" || at === "") {
    throw invalidName(
      text,
      `The part ${shownName(kind)} in the address does not name a file or a version.`,
      `Write ${repository} for the repository.`,
    );
  }
  const [revisionText = "", ...quantization] = path === "" ? splitOnce(at, ":") : [at];
  const revision = checkRevision(revisionText, text);
  if (quantization[0] !== undefined) return { ...withLabel(repository, quantization[0], text), revision };
  if (isGgufPath(path)) return hubFile(repository, revision, path, text);
  return { source: "hub", repository, quantization: quantizationLabel(path), file: null, revision };
}

function withLabel(repository: string, label: string | null, text: string): Omit<HubName, "revision"> {
  const name = { source: "hub" as const, repository, quantization: null, file: null };
  // Ollama's way to name the default.
  if (label === null || label.toLowerCase() === "latest") return name;
  if (isGgufPath(label)) return { ...name, file: checkFile(label, text) };
  if (!isQuantization(label)) {
    throw invalidName(text, "The part after the colon is not a quantization.", `Write it as in ${repository}:Q4_K_M.`);
  }
  return { ...name, quantization: normalizeQuantization(label) };
}

function hubFile(repository: string, revision: string | null, path: string, text: string): HubName {
  return { source: "hub", repository, quantization: null, file: checkFile(path, text), revision };
}

function checkRepository(repository: string, text: string): string {
  const [first = ""] = repository.split("/");
  const page = OTHER_PAGES.get(first);
  if (page !== undefined) throw invalidName(text, `It names ${page}, not a model.`, HINT);
  if (isRepository(repository)) return repository;
  throw invalidName(
    text,
    repository.split("/").length === 2
      ? "Organization and repository have 1 to 96 letters, digits, dots, - and _, begin and end with a letter or digit, and contain neither -- nor two dots."
      : "A repository has an organization and a name, separated by one slash.",
    HINT,
  );
}

function checkFile(path: string, text: string): string {
  if (!isSafePath(path)) throw invalidName(text, "The path of the file leads out of the repository.", HINT);
  if (!isGgufPath(path)) {
    throw invalidName(text, "The file does not end in .gguf, so it is not a GGUF model.", HINT);
  }
  return path;
}

/** Returns a revision, or null for the default branch. */
function checkRevision(revision: string | null, text: string): string | null {
  if (revision === "main") return null;
  if (revision === null || !isRevision(revision)) {
    throw invalidName(text, "The branch, tag or commit in it is malformed.", HINT);
  }
  return revision;
}

/** Separates the revision from the path. Pull requests and conversions are written with slashes: `refs/pr/3`. */
function splitRevision(segments: readonly string[]): [revision: string, path: string] {
  const length = segments[0] === "refs" && segments.length >= 3 ? 3 : 1;
  return [segments.slice(0, length).join("/"), segments.slice(length).join("/")];
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
