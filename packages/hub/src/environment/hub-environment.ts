import os from "node:os";
import path from "node:path";
import { basicAuthorization } from "./basic-authorization.js";

/** Settings of the hub from environment variables. */
export interface HubEnvironment {
  /** Address that requests for models of Hugging Face go to, without a slash at the end: `HF_ENDPOINT`. Never has a password. */
  endpoint: string;
  /** `Authorization` header made of the user and the password in `HF_ENDPOINT`; null if it has none. */
  endpointAuthorization: string | null;
  /** Access token: `HF_TOKEN`; null if it is not set. */
  token: string | null;
  /** File with the access token: `HF_TOKEN_PATH`, or `token` in `HF_HOME`. */
  tokenPath: string;
  /** Whether all requests are refused: `HF_HUB_OFFLINE` or `TRANSFORMERS_OFFLINE`. */
  isOffline: boolean;
  /** Folder of Hugging Face's cache: `HF_HUB_CACHE`, `HUGGINGFACE_HUB_CACHE`, or `hub` in `HF_HOME`. */
  hubCache: string;
  /** Folders that may contain a store of Ollama: `OLLAMA_MODELS`, or those where Ollama creates one. */
  ollamaStores: readonly string[];
  /** Address of Ollama's registry, without a slash at the end: `NANOAGENT_OLLAMA_REGISTRY`. Never has a password. */
  ollamaRegistry: string;
  /** `Authorization` header made of the user and the password in `NANOAGENT_OLLAMA_REGISTRY`; null if it has none. */
  ollamaAuthorization: string | null;
  /** Folders that may contain models of LM Studio. */
  lmStudioFolders: readonly string[];
  /** The only hosts that may be contacted: `NANOAGENT_ALLOW_HOSTS`, separated by commas; null: any. */
  allowedHosts: readonly string[] | null;
  /** Folder of models that do not come from Hugging Face: `nanoagent/models` in `XDG_DATA_HOME`. */
  modelsFolder: string;
  /** File with the names and stamps of models: `nanoagent/models.json` in `XDG_STATE_HOME`. */
  stampsFile: string;
  /** All variables, for those that proxies are named by. */
  variables: Readonly<Record<string, string | undefined>>;
}

const ENDPOINT = "https://huggingface.co";
const OLLAMA_REGISTRY = "https://registry.ollama.ai";

/** Reads the settings from environment variables. Relative folders in XDG variables are ignored, as their standard says. */
export function readHubEnvironment(
  variables: HubEnvironment["variables"] = process.env,
  { home = homeFolder(), platform = process.platform }: { home?: string; platform?: string } = {},
): HubEnvironment {
  const { HF_HOME, HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, OLLAMA_MODELS, LOCALAPPDATA } = variables;
  const inHome = (...parts: string[]) => path.join(home, ...parts);
  const xdg = (name: string, usual: string) => {
    const folder = variables[name];
    if (folder !== undefined && path.isAbsolute(folder)) return folder;
    return platform === "win32" && LOCALAPPDATA ? LOCALAPPDATA : usual;
  };
  const huggingFace = expandHome(
    HF_HOME || path.join(variables.XDG_CACHE_HOME || inHome(".cache"), "huggingface"),
    home,
  );
  const endpoint = readAddress(variables.HF_ENDPOINT || ENDPOINT);
  const registry = readAddress(variables.NANOAGENT_OLLAMA_REGISTRY || OLLAMA_REGISTRY);
  return {
    endpoint: endpoint.address,
    endpointAuthorization: endpoint.authorization,
    token: (variables.HF_TOKEN || variables.HUGGING_FACE_HUB_TOKEN)?.trim() || null,
    tokenPath: expandHome(variables.HF_TOKEN_PATH || path.join(huggingFace, "token"), home),
    isOffline: isSet(variables.HF_HUB_OFFLINE) || isSet(variables.TRANSFORMERS_OFFLINE),
    hubCache: path.resolve(expandHome(HF_HUB_CACHE || HUGGINGFACE_HUB_CACHE || path.join(huggingFace, "hub"), home)),
    ollamaStores: OLLAMA_MODELS
      ? [path.resolve(expandHome(OLLAMA_MODELS, home))]
      : [inHome(".ollama", "models"), ...(platform === "linux" ? ["/usr/share/ollama/.ollama/models"] : [])],
    ollamaRegistry: registry.address,
    ollamaAuthorization: registry.authorization,
    lmStudioFolders: [inHome(".lmstudio", "models"), inHome(".cache", "lm-studio", "models")],
    allowedHosts: variables.NANOAGENT_ALLOW_HOSTS === undefined ? null : splitHosts(variables.NANOAGENT_ALLOW_HOSTS),
    modelsFolder: path.join(xdg("XDG_DATA_HOME", inHome(".local", "share")), "nanoagent", "models"),
    stampsFile: path.join(xdg("XDG_STATE_HOME", inHome(".local", "state")), "nanoagent", "models.json"),
    variables,
  };
}

/** Whether a variable has one of the values that Hugging Face's client reads as true. */
function isSet(value: string | undefined): boolean {
  return /^(1|on|yes|true)$/i.test(value?.trim() ?? "");
}

function splitHosts(text: string): string[] {
  return text
    .split(/[\s,]+/)
    .filter((host) => host !== "")
    .map((host) => host.toLowerCase());
}

/** Separates the user and the password from an address, which must not appear in messages and files. */
function readAddress(text: string): { address: string; authorization: string | null } {
  const address = text.trim().replace(/\/+$/, "");
  // A password with a slash makes an address malformed, and must not be shown either.
  if (!URL.canParse(address)) return { address: address.replace(/^([a-z]+:\/\/)?.*@/i, "$1"), authorization: null };
  const authorization = basicAuthorization(new URL(address));
  return { address: address.replace(/^([a-z]+:\/\/)[^/?#]*@/i, "$1"), authorization };
}

function expandHome(folder: string, home: string): string {
  return folder === "~" || folder.startsWith("~/") ? path.join(home, folder.slice(1)) : folder;
}

/** Returns the home folder; the temporary folder for a user without an entry in the user database. */
function homeFolder(): string {
  try {
    return os.homedir();
  } catch {
    return os.tmpdir();
  }
}
