import type { HttpRequest, WholeReply } from "../http/exchange.js";
import { type AccessRules, canonicalOrigin } from "./access-rules.js";
import type { HostName } from "./host-name.js";
import { parseHostName } from "./host-name.js";

/** Time for which browsers remember the answer to a preflight request. A changed config counts after ten minutes. */
const PREFLIGHT_SECONDS = 600;
/** Longest list of headers that a preflight request may ask for. OpenAI's client sends a dozen, 300 characters. */
const MAX_HEADERS_CHARACTERS = 1024;
/** Headers of replies that scripts of an allowed page may read. */
const EXPOSED_HEADERS = "retry-after, x-should-retry";

const noHeaders: Readonly<Record<string, string>> = Object.freeze({});

/**
 * Returns the headers that let a page of an allowed origin read a reply, refusals included. Caches must tell origins
 * apart as soon as one is allowed.
 */
export function corsHeaders(request: HttpRequest, rules: AccessRules): Readonly<Record<string, string>> {
  if (rules.origins.size === 0) return noHeaders;
  const origin = request.header("origin");
  if (origin === null || !rules.origins.has(canonicalOrigin(origin))) return { vary: "origin" };
  return {
    vary: "origin",
    "access-control-allow-origin": origin,
    "access-control-expose-headers": EXPOSED_HEADERS,
  };
}

/** Whether an origin is neither allowed nor that of the service's own page. */
export function isForeignOrigin(origin: string, host: HostName, rules: AccessRules): boolean {
  if (rules.origins.has(canonicalOrigin(origin))) return false;
  const parts = /^(https?):\/\/(.+)$/i.exec(origin.trim());
  const scheme = parts?.[1]?.toLowerCase();
  const own = parseHostName(parts?.[2] ?? "");
  if (scheme === undefined || own === null) return true;
  // A page that came without TLS may be forged. With TLS, a proxy in front may have ended it.
  if (scheme === "http" && rules.isSecure) return true;
  const standard = scheme === "https" ? 443 : 80;
  return own.name !== host.name || (own.port ?? standard) !== (host.port ?? standard);
}

/**
 * Answers an OPTIONS request, which browsers send without a key before the request of a page. Returns null for other
 * methods. The check of host and origin must come first.
 */
export function preflightReply(request: HttpRequest, rules: AccessRules): WholeReply | null {
  if (request.method !== "OPTIONS") return null;
  const cors = corsHeaders(request, rules);
  const allow = "GET, HEAD, POST, DELETE, OPTIONS";
  if (cors["access-control-allow-origin"] === undefined) return { status: 204, headers: { ...cors, allow } };
  const asked = request.header("access-control-request-headers") ?? "";
  const isList = asked.length <= MAX_HEADERS_CHARACTERS && /^[\w!#$%&'*+.^`|~, -]*$/.test(asked);
  return {
    status: 204,
    headers: {
      ...cors,
      allow,
      "access-control-allow-methods": "GET, POST, DELETE",
      "access-control-allow-headers": isList && asked !== "" ? asked : "authorization, content-type",
      "access-control-max-age": String(PREFLIGHT_SECONDS),
      // A page on the internet asks before it reaches into a private network.
      ...(request.header("access-control-request-private-network") === "true" && {
        "access-control-allow-private-network": "true",
      }),
    },
  };
}
