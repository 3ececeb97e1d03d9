import { contextOf } from "../../json/read-json.js";
import { isLoopback } from "./http/loopback-lookup.js";
import { defaultRemoteTimeouts, type RemoteTimeouts } from "./http/remote-timeouts.js";
import { parseServerAddress, type ServerAddress } from "./http/server-address.js";
import { ServerConnection } from "./http/server-connection.js";
import { OpenAiCompatibleEngine } from "./openai-compatible-engine.js";
import { RemoteEngineError } from "./remote-engine-error.js";
import { discoverServer } from "./server/discover-server.js";

/** A function like Node's `dns.lookup`. Written out so that the declarations do not need Node's types. */
type AddressLookup = (
  hostname: string,
  options: object,
  callback: (error: Error | null, address: string | { address: string; family: number }[], family?: number) => void,
) => void;

export interface OpenAiCompatibleOptions {
  /** Server address, with or without `/v1`: `http://127.0.0.1:8080`. */
  url: string;
  /** Model name on the server. Default: the server's only model. */
  model?: string | undefined;
  /** Sent as a bearer token and never shown. Default: none. */
  apiKey?: string | undefined;
  /**
   * Whether the server may be on another machine. If not, host names must resolve only to loopback addresses. Checking
   * a name other than `localhost` may query a name server. Default: false.
   */
  allowNetwork?: boolean | undefined;
  /**
   * Context to use, in tokens. Ollama creates a context of this size. Other servers have a fixed size, which limits the
   * value; if the server does not report it, this value is used as is. Default: the server's context.
   */
  contextTokens?: number | undefined;
  /**
   * Whether the model thinks before it answers, if server and model support the setting. Default: `auto`, which leaves
   * it to the model.
   */
  thinking?: "off" | "on" | "auto" | undefined;
  timeouts?: Partial<RemoteTimeouts> | undefined;
  /** Resolver for host names. Default: the system's resolver. */
  lookup?: AddressLookup | undefined;
}

/**
 * Opens an engine on a server, after asking it for its models and context size. Does not follow redirects or use a
 * proxy. When `signal` aborts, opening fails with its reason.
 *
 * Throws {@link RemoteEngineError}.
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
      message: `contextTokens is ${contextTokens}, which is not a positive integer.`,
      hint: "Pass a positive integer, or omit contextTokens.",
    });
  }
  const address = parseServerAddress(url, { allowNetwork });
  const timeouts = { ...defaultRemoteTimeouts, ...options.timeouts };
  const connection = await ServerConnection.open(address, { apiKey, allowNetwork, timeouts, lookup });
  try {
    const server = await discoverServer(connection, { model, contextTokens }, signal);
    const notices = isOpenToOthers(address)
      ? [
          ...server.notices,
          `The connection to ${address.label} is not encrypted. Others on the network can read the messages.`,
        ]
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
    message: "The server's key contains white space, control characters or non-ASCII letters.",
    hint: "Check the value of the environment variable.",
  });
}
