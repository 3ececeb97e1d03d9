import { cutText } from "@nanoagent/models";
import { ServiceError } from "../errors/service-error.js";
import type { HttpRequest } from "../http/exchange.js";
import type { AccessRules } from "./access-rules.js";
import { corsHeaders, isForeignOrigin } from "./cors.js";
import { type HostName, parseHostName } from "./host-name.js";
import { isLoopback } from "./loopback.js";

/** Longest part of a header that a message repeats. */
const MAX_SHOWN_CHARACTERS = 80;

/**
 * Checks that a request may use the service, and returns the headers to add to its reply. Throws {@link ServiceError}:
 *
 * - `host-refused`, 403: a Host header that is not the service's, as a page sends it whose name was pointed at this
 *   machine (DNS rebinding); an Origin header of a foreign page, unless the route is public; a request of a foreign page
 *   without one.
 * - `key-missing`, 401: no right key, unless the route is open.
 */
export function checkAccess(
  request: HttpRequest,
  rules: AccessRules,
  { isOpen, isPublic = false }: { isOpen: boolean; isPublic?: boolean },
): Readonly<Record<string, string>> {
  const host = request.header("host") ?? "";
  const name = parseHostName(host.trim());
  if (name === null || !isOwnHost(name, rules)) throw hostRefused(host);
  const origin = request.header("origin");
  if (!isPublic && origin !== null && isForeignOrigin(origin, name, rules)) throw originRefused(origin);
  if (origin === null && !isOpen && request.header("sec-fetch-site") === "cross-site") throw pageRefused();
  if (!isOpen && rules.keys !== null && !hasKey(request, rules.keys)) throw keyMissing(request);
  return corsHeaders(request, rules);
}

function isOwnHost({ name, port }: HostName, { hosts, ownAddresses }: AccessRules): boolean {
  if (isLoopback(name)) return true;
  if (hosts.some((own) => own.name === name && (own.port === null || own.port === port))) return true;
  return ownAddresses?.includes(name) ?? false;
}

function hasKey(request: HttpRequest, keys: NonNullable<AccessRules["keys"]>): boolean {
  return sentKeys(request).some((key) => keys.accepts(key));
}

function sentKeys(request: HttpRequest): string[] {
  const bearer = /^bearer +(\S+) *$/i.exec(request.header("authorization") ?? "")?.[1];
  const plain = request.header("x-api-key")?.trim();
  return [bearer, plain].flatMap((key) => (key ? [key] : []));
}

const refused = (message: string, hint: string) =>
  new ServiceError({ code: "host-refused", status: 403, type: "permission_error", message, hint });

function hostRefused(host: string): ServiceError {
  return refused(
    `The Host header "${shown(host)}" is not a name of this service.`,
    "If clients should use that name, add it to serve.allow_hosts in the config.",
  );
}

function originRefused(origin: string): ServiceError {
  return refused(
    `Pages of the origin "${shown(origin)}" may not use this service.`,
    "If they should, add the origin to serve.allow_origins in the config.",
  );
}

function pageRefused(): ServiceError {
  return refused(
    "Pages of other sites may not use this service.",
    "If they should, add their origin to serve.allow_origins in the config.",
  );
}

function keyMissing(request: HttpRequest): ServiceError {
  return new ServiceError({
    code: "key-missing",
    status: 401,
    type: "authentication_error",
    apiCode: "invalid_api_key",
    message: sentKeys(request).length === 0 ? "The request has no key." : "The key of the request is not valid.",
    hint: "Send a key of this service in the header: Authorization: Bearer KEY.",
  });
}

/** Keeps a header's value readable in a message. */
function shown(value: string): string {
  const text = value.replaceAll(/[^\x20-\x7e]/g, "?");
  return text.length > MAX_SHOWN_CHARACTERS ? `${cutText(text, MAX_SHOWN_CHARACTERS)}…` : text;
}
