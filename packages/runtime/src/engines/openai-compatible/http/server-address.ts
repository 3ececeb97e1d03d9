import { isIP } from "node:net";
import { RemoteEngineError } from "../remote-engine-error.js";
import { isLoopback, networkNotAllowed } from "./loopback-lookup.js";

/** Where a server is. */
export interface ServerAddress {
  isEncrypted: boolean;
  /** Name or address, an IPv6 one without brackets. */
  hostname: string;
  port: number;
  /** What stands before `/v1` in every path: empty, or `/prefix`. */
  basePath: string;
  /** For people: `127.0.0.1:8080`. */
  label: string;
}

/**
 * The server that a URL names: `http://127.0.0.1:8080`, with or without `/v1` at its end. Throws
 * {@link RemoteEngineError} for anything else, and for another machine's address when no network is allowed; a name is
 * judged by its addresses when the connection is made.
 */
export function parseServerAddress(url: string, { allowNetwork }: { allowNetwork: boolean }): ServerAddress {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || (parsed.protocol !== "http:" && parsed.protocol !== "https:") || parsed.hostname === "") {
    throw invalidUrl("is no http or https address", "Write it with its scheme, as in http://127.0.0.1:8080.");
  }
  if (parsed.username !== "" || parsed.password !== "") {
    throw invalidUrl(
      "holds a user name or a password",
      "Put the key into an environment variable and its name into engine.api_key_env.",
    );
  }
  if (parsed.search !== "" || parsed.hash !== "") {
    throw invalidUrl("has a ? or # part", "Give the server's address alone, as in http://127.0.0.1:8080.");
  }
  const isEncrypted = parsed.protocol === "https:";
  const hostname = parsed.hostname.replace(/^\[|\]$/g, "");
  const port = parsed.port === "" ? (isEncrypted ? 443 : 80) : Number(parsed.port);
  if (!allowNetwork && isIP(hostname) !== 0 && !isLoopback(hostname)) throw networkNotAllowed(hostname, []);
  return {
    isEncrypted,
    hostname,
    port,
    basePath: parsed.pathname.replace(/\/+$/, "").replace(/\/v1$/, ""),
    label: `${parsed.hostname}:${port}`,
  };
}

/** The text of the URL is left out: what is wrong with it may be that it holds a secret. */
function invalidUrl(what: string, hint: string): RemoteEngineError {
  return new RemoteEngineError({ code: "remote-settings-invalid", message: `The engine's url ${what}.`, hint });
}
