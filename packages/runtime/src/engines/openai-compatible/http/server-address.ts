import { isIP } from "node:net";
import { RemoteEngineError } from "../remote-engine-error.js";
import { isLoopback, networkNotAllowed } from "./loopback-lookup.js";

/** Address of a server. */
export interface ServerAddress {
  isEncrypted: boolean;
  /** Host name or IP address, without brackets for IPv6. */
  hostname: string;
  port: number;
  /** Path before `/v1`: empty, or `/prefix`. */
  basePath: string;
  /** For people: `127.0.0.1:8080`. */
  label: string;
}

/**
 * Parses a server URL such as `http://127.0.0.1:8080`, with or without `/v1` at the end. Throws
 * {@link RemoteEngineError} for anything else, and for an address of another machine if the network is not allowed. The
 * addresses of a host name are checked when the connection is made.
 */
export function parseServerAddress(url: string, { allowNetwork }: { allowNetwork: boolean }): ServerAddress {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || (parsed.protocol !== "http:" && parsed.protocol !== "https:") || parsed.hostname === "") {
    throw invalidUrl("is not an http or https URL", "Include the scheme, as in http://127.0.0.1:8080.");
  }
  if (parsed.username !== "" || parsed.password !== "") {
    throw invalidUrl(
      "contains a user name or password",
      "Put the key into an environment variable and set engine.api_key_env to its name.",
    );
  }
  if (parsed.search !== "" || parsed.hash !== "") {
    throw invalidUrl("has a ? or # part", "Use only the server's address, as in http://127.0.0.1:8080.");
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

/** The message does not quote the URL, which may contain a secret. */
function invalidUrl(what: string, hint: string): RemoteEngineError {
  return new RemoteEngineError({ code: "remote-settings-invalid", message: `engine.url ${what}.`, hint });
}
