import { contextOf } from "../../json/read-json.js";
import { isLoopback } from "./http/loopback-lookup.js";
import { defaultRemoteTimeouts, type RemoteTimeouts } from "./http/remote-timeouts.js";
import { parseServerAddress, type ServerAddress } from "./http/server-address.js";
import { ServerConnection } from "./http/server-connection.js";
import { OpenAiCompatibleEngine } from "./openai-compatible-engine.js";
import { RemoteEngineError } from "./remote-engine-error.js";
import { discoverServer } from "./server/discover-server.js";

/** A function in the form of Node's `dns.lookup`. Spelled out, so that the declarations need no types of Node. */
type AddressLookup = (
  hostname: string,
  options: object,
  callback: (error: Error | null, address: string | { address: string; family: number }[], family?: number) => void,
) => void;

export interface OpenAiCompatibleOptions {
  /** The server's address, with or without `/v1`: `http://127.0.0.1:8080`. */
  url: string;
  /** The model's name on the server. Default: the only one that it has. */
  model?: string | undefined;
  /** Sent as a bearer token, and shown nowhere. Default: none. */
  apiKey?: string | undefined;
  /**
   * Whether the server may be on another machine. Default: no, and then a name must stand for loopback addresses
   * alone. A name other than `localhost` is looked up to find that out, which may ask a name server.
   */
  allowNetwork?: boolean | undefined;
  /**
   * Tokens of context to use. Default: all that the server has. Ollama makes its context so large; of another server,
   * less is used, never more than it has. Where a server does not say what it has, this is believed.
   */
  contextTokens?: number | undefined;
  /** Whether the model thinks before it answers, as far as the server and the model can be told. Default: `auto`, its own way. */
  thinking?: "off" | "on" | "auto" | undefined;
  timeouts?: Partial<RemoteTimeouts> | undefined;
  /** What names stand for. Default: the system's resolver. */
  lookup?: AddressLookup | undefined;
}

/**
 * An engine that has a server answer, once the server has said which models it has and how large their context is.
 * Uses no proxy and follows no redirect. `signal` ends the opening with its reason.
 *
 * Throws {@link RemoteEngineError}; its codes say what each means.
 */
export async function openOpenAiCompatibleEngine(
  options: OpenAiCompatibleOptions,
  { signal = new AbortController().signal }: { signal?: AbortSignal | undefined } = {},
): Promise<OpenAiCompatibleEngine> {
  const { url, model, allowNetwork = false, contextTokens, lookup } = options;
  const apiKey = checkKey(options.apiKey);
  if (contextTokens !== undefined && contextOf(contextTokens) === null) {
    throw new RemoteEngineError({
      code: "remote-settings-invalid",
      message: `A context of ${contextTokens} tokens is none.`,
      hint: "Pass a whole number of tokens above 0, or leave contextTokens out.",
    });
  }
  const address = parseServerAddress(url, { allowNetwork });
  const timeouts = { ...defaultRemoteTimeouts, ...options.timeouts };
  const connection = await ServerConnection.open(address, { apiKey, allowNetwork, timeouts, lookup });
  try {
    const server = await discoverServer(connection, { model, contextTokens }, signal);
    const notices = isOpenToOthers(address)
      ? [...server.notices, `What is said to ${address.label} can be read on the way: it is not encrypted.`]
      : server.notices;
    return new OpenAiCompatibleEngine(connection, { ...server, notices }, options.thinking);
  } catch (error) {
    connection.close();
    throw error;
  }
}

function isOpenToOthers({ isEncrypted, hostname }: ServerAddress): boolean {
  return !isEncrypted && hostname !== "localhost" && !isLoopback(hostname);
}

/** White space around a key comes from the file that it was read from. */
function checkKey(key: string | undefined): string | null {
  const trimmed = key?.trim() ?? "";
  if (trimmed === "") return null;
  if (/^[\x21-\x7e]+$/.test(trimmed)) return trimmed;
  throw new RemoteEngineError({
    code: "remote-settings-invalid",
    message:
      "The server's key has characters that no key has: white space, control characters or letters beyond ASCII.",
    hint: "Check what was put into the environment variable.",
  });
}
