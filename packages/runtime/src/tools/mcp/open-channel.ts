import { isIP } from "node:net";
import { BYTES_PER_MB, type McpAddressSettings, type McpServerSettings } from "@nanoagent/models";
import { isLoopback } from "../../engines/openai-compatible/http/loopback-lookup.js";
import type { ServerAddress } from "../../engines/openai-compatible/http/server-address.js";
import { type LaunchTool, launchFreely } from "../../memory/tool-memory.js";
import { programEnvironment } from "../../processes/program-environment.js";
import { boundedFetch } from "./bounded-fetch.js";
import type { McpChannel } from "./mcp-client.js";
import { McpServerError } from "./mcp-server-error.js";
import { ProcessTransport } from "./process-transport.js";

/**
 * Prepares the connection to a server without starting or connecting to it. `milliseconds` is the timeout of an
 * exchange. Throws {@link McpServerError} for invalid settings.
 */
export function channelOf(
  server: string,
  settings: McpServerSettings,
  {
    milliseconds,
    launch = launchFreely,
    environment = process.env,
  }: { milliseconds: number; launch?: LaunchTool; environment?: Partial<Record<string, string>> },
): () => Promise<McpChannel> {
  if ("url" in settings) {
    const { url, address, headers } = readAddress(server, settings, environment);
    const allowNetwork = settings.allow_network ?? false;
    return async () => ({
      kind: "http",
      url,
      bounded: await boundedFetch(address, { allowNetwork, milliseconds }),
      headers,
    });
  }
  const { command, working_directory = process.cwd(), max_memory_mb, environment_from = [] } = settings;
  const [program = ""] = command;
  if (program === "" || command.some((part) => part.includes("\0"))) {
    throw new McpServerError(
      "mcp-server-invalid",
      server,
      "command must begin with a program and have no NUL characters",
    );
  }
  for (const [key, value] of Object.entries(settings.environment ?? {})) {
    if (!/^[A-Za-z_]\w*$/.test(key) || value.includes("\0")) {
      throw new McpServerError("mcp-server-invalid", server, "environment has an invalid variable");
    }
  }
  const given = environment_from.map((name) => [name, requireVariable(server, name, "environment_from", environment)]);
  const place = {
    folder: working_directory,
    environment: programEnvironment({ ...Object.fromEntries(given), ...settings.environment }),
  };
  const maxMemoryBytes = max_memory_mb === undefined ? undefined : max_memory_mb * BYTES_PER_MB;
  return async () => ({
    kind: "process",
    start: () => new ProcessTransport(command, place, { launch, maxMemoryBytes }),
  });
}

function readAddress(
  server: string,
  settings: McpAddressSettings,
  environment: Partial<Record<string, string>>,
): { url: URL; address: ServerAddress; headers: Record<string, string> } {
  const invalid = (reason: string, hint: string) => new McpServerError("mcp-server-invalid", server, reason, { hint });
  const url = URL.canParse(settings.url) ? new URL(settings.url) : null;
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:") || url.hostname === "") {
    throw invalid("its url is not an http or https address", "Use an address such as http://127.0.0.1:8000/mcp.");
  }
  // The url is not shown, because it may contain a secret.
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw invalid("its url has a user name, a password, or a ? or # part", "Use api_key_env for a key.");
  }
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  if (!settings.allow_network && isIP(hostname) !== 0 && !isLoopback(hostname)) {
    throw invalid(
      `${hostname} is not on this machine, and the config does not allow the network`,
      "Set allow_network: true if its requests may leave this machine.",
    );
  }
  const isEncrypted = url.protocol === "https:";
  const port = url.port === "" ? (isEncrypted ? 443 : 80) : Number(url.port);
  const { api_key_env, api_key_header } = settings;
  const headers: Record<string, string> = {};
  if (api_key_header !== undefined && !/^[A-Za-z0-9-]{1,100}$/.test(api_key_header)) {
    throw invalid("api_key_header is not a header name", "Use a name such as X-Api-Key.");
  }
  if (api_key_env !== undefined) {
    const key = requireVariable(server, api_key_env, "api_key_env", environment).trim();
    if (!/^[\x21-\x7e]+$/.test(key))
      throw invalid(`the key in ${api_key_env} has invalid characters`, "Check the variable.");
    headers[api_key_header ?? "authorization"] = api_key_header === undefined ? `Bearer ${key}` : key;
  }
  return { url, address: { isEncrypted, hostname, port, basePath: "", label: `${url.hostname}:${port}` }, headers };
}

function requireVariable(
  server: string,
  name: string,
  key: string,
  environment: Partial<Record<string, string>>,
): string {
  const value = environment[name];
  if (value?.trim()) return value;
  throw new McpServerError(
    "mcp-server-invalid",
    server,
    `${key} names the environment variable ${name}, which is not set`,
    {
      hint: `Set ${name}, or remove it from ${key}.`,
    },
  );
}
