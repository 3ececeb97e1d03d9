import type { HubEnvironment } from "../environment/hub-environment.js";
import { parseHubAddress, parseHubName, parseHubUri } from "./hub-name.js";
import { invalidName } from "./invalid-name.js";
import type { ModelName } from "./model-name.js";
import { hasInvisibleCharacters, isWord, MAX_NAME_CHARACTERS } from "./name-rules.js";
import { isOllamaHost, parseOllamaAddress, parseOllamaName } from "./ollama-name.js";
import { credentialsRefused, fileAddress } from "./plain-address.js";

/** Hosts of Hugging Face's pages, whatever the endpoint is. */
const HUB_HOSTS = new Set(["huggingface.co", "www.huggingface.co", "hf.co", "www.hf.co"]);

/** A segment that means this folder or the one above, also when it is encoded. */
const DOT_SEGMENT = /\/(?:\.|%2e){1,2}(?:\/|$)/i;

/**
 * Reads the name of a model: a repository of the hub, a page or file of it, a model of Ollama, the address of a GGUF
 * file, or one word. The address of a page counts as the hub's if its host is Hugging Face's or that of the endpoint.
 *
 * All parts of the result are safe in paths: without `..`, backslashes and control characters.
 * Throws a `HubError` with code `invalid-model-name` for any other text. Its message never contains a password.
 */
export function parseModelName(text: string, environment: Pick<HubEnvironment, "endpoint">): ModelName {
  refuseUnreadable(text);
  const name = text.replace(/^hub:(?!\/\/)/i, "");
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(name)?.[1]?.toLowerCase();
  if (scheme === "http" || scheme === "https") return parseAddress(name, environment);
  if (scheme === "hf") return parseHubUri(name);
  if (scheme === "file") throw pathRefused(text);
  if (scheme !== undefined) {
    throw invalidName(text, `Models cannot be downloaded by ${scheme}.`, "Write an address that begins with https://.");
  }
  if (/^hf:/i.test(name)) {
    // Some write the host after it, too.
    const address = withScheme(name.slice("hf:".length), environment);
    return address === null ? parseHubUri(name) : parseAddress(address, environment);
  }
  if (/^ollama:/i.test(name)) return parseOllama(name.slice("ollama:".length), text, environment);
  if (isPath(name)) throw pathRefused(text);
  const address = withScheme(name, environment);
  if (address !== null) return parseAddress(address, environment);
  if (name.includes("@")) {
    throw invalidName(
      text,
      "A name cannot contain @.",
      "Write a revision as https://huggingface.co/org/repo/tree/REVISION.",
    );
  }
  if (/\.gguf$/i.test(name) && !/^[^/:]+\/[^/:]+:/.test(name)) throw pathRefused(text);
  return name.includes("/") ? parseHubName(name) : parseWord(name);
}

function refuseUnreadable(text: string): void {
  if (text.trim() === "") throw invalidName(text, "The name is empty.");
  if (text.length > MAX_NAME_CHARACTERS) {
    throw invalidName(text, `A name or an address has at most ${MAX_NAME_CHARACTERS} characters.`);
  }
  if (hasInvisibleCharacters(text)) throw invalidName(text, "It contains control or invisible characters.");
  if (/\s/.test(text)) throw invalidName(text, "It contains a space.", "Remove the space, or write %20 in an address.");
}

function isPath(name: string): boolean {
  return /^[./~]/.test(name) || name.includes("\\") || /^[A-Za-z]:(?:\/|$)/.test(name);
}

function pathRefused(text: string): Error {
  return invalidName(
    text,
    "It is the path of a file, and a name is expected here.",
    "Add the file with nanoagent models import FILE, or run it with nanoagent run --model FILE.",
  );
}

/** Returns the address for a name such as `hf.co/org/repo`, which begins with a known host; otherwise null. */
function withScheme(name: string, { endpoint }: Pick<HubEnvironment, "endpoint">): string | null {
  const host = name.slice(0, Math.max(0, name.indexOf("/"))).toLowerCase();
  if (host === "") return null;
  if (HUB_HOSTS.has(host) || isOllamaHost(host)) return `https://${name}`;
  const own = urlOf(endpoint);
  return own !== null && own.host === host ? `${own.protocol}//${name}` : null;
}

function parseAddress(text: string, environment: Pick<HubEnvironment, "endpoint">): ModelName {
  const url = urlOf(text);
  if (url === null) throw invalidName(text, "The address is malformed.");
  const [path = ""] = text.split(/[?#]/);
  if (path.includes("\\") || DOT_SEGMENT.test(path)) {
    throw invalidName(text, "The path of the address contains a backslash, a dot or two dots between slashes.");
  }
  if (url.username !== "" || url.password !== "") throw credentialsRefused(text);
  const folder = hubFolder(url, environment);
  if (folder !== null) return parseHubAddress(text, url, folder);
  if (isOllamaHost(url.host)) return parseOllamaAddress(text, url);
  return fileAddress(text, url);
}

/** Returns the path before `/org/repo`, without a slash at the end, if the address is one of the hub; otherwise null. */
function hubFolder(url: URL, { endpoint }: Pick<HubEnvironment, "endpoint">): string | null {
  if (HUB_HOSTS.has(url.host)) return "";
  const own = urlOf(endpoint);
  if (own === null || own.host !== url.host) return null;
  const folder = own.pathname.replace(/\/+$/, "");
  return url.pathname.startsWith(`${folder}/`) ? folder : null;
}

/** Reads the part after `ollama:`. Ollama also accepts models of the hub, under the hub's host. */
function parseOllama(name: string, text: string, environment: Pick<HubEnvironment, "endpoint">): ModelName {
  const host = /^([^/]+)\//.exec(name)?.[1]?.toLowerCase() ?? "";
  if (HUB_HOSTS.has(host)) return parseAddress(`https://${name}`, environment);
  return parseOllamaName(isOllamaHost(host) ? name.slice(host.length + 1) : name, text);
}

function parseWord(name: string): ModelName {
  if (isWord(name)) return { source: "word", word: name };
  if (/^[\w.-]+:[\w.-]+$/.test(name)) {
    throw invalidName(
      name,
      "A name without an organization has no part after a colon.",
      `Write ollama:${name} for a model of Ollama, or org/repo:Q4_K_M for one of Hugging Face.`,
    );
  }
  throw invalidName(
    name,
    "A name of one word has at most 96 letters, digits, dots, - and _, and ends with a letter or digit.",
  );
}

function urlOf(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}
