import { HubError } from "../hub-error.js";
import { ProxyRefusal } from "./tunnel-agent.js";

/** A response that did not arrive in time. */
export class ResponseTimeout extends Error {
  override name = "ResponseTimeout";
  readonly code = "RESPONSE_TIMEOUT";
}

/** Failures of a connection that may be gone a moment later. */
const LOST = new Set(["ECONNRESET", "EPIPE", "ETIMEDOUT", "EAI_AGAIN", "ECONNABORTED", "RESPONSE_TIMEOUT"]);

const CLOCK = new Set(["CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID"]);
const UNKNOWN_ISSUER = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

const CHECK_NETWORK =
  "Check the network. Behind a proxy, set HTTPS_PROXY, for example: export HTTPS_PROXY=http://proxy.example:3128";

/** Reason and advice by the system's code. */
const CAUSES: Readonly<Record<string, { reason: string; hint: string }>> = {
  ENOTFOUND: { reason: "The name server does not know this host.", hint: CHECK_NETWORK },
  EAI_AGAIN: { reason: "The name server does not answer.", hint: CHECK_NETWORK },
  ECONNREFUSED: {
    reason: "The host refuses connections at this port.",
    hint: "Check the address, and HF_ENDPOINT if it is set, and that the server runs.",
  },
  ECONNRESET: { reason: "The connection was closed before the answer was complete.", hint: CHECK_NETWORK },
  EPIPE: { reason: "The connection was closed before the answer was complete.", hint: CHECK_NETWORK },
  ETIMEDOUT: { reason: "The host did not answer in time.", hint: CHECK_NETWORK },
  RESPONSE_TIMEOUT: { reason: "The host did not answer in time.", hint: CHECK_NETWORK },
  ENETUNREACH: { reason: "This device has no route to the host.", hint: CHECK_NETWORK },
  EHOSTUNREACH: { reason: "This device has no route to the host.", hint: CHECK_NETWORK },
  EPROTO: {
    reason: "The host does not speak TLS at this port.",
    hint: "Check the address, and HF_ENDPOINT if it is set: a server without TLS has an address with http://.",
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    reason: "Its TLS certificate belongs to another host.",
    hint: "Check the address, and that no login page of the network answers instead.",
  },
};

/** Whether the same request may succeed when it is sent again soon. */
export function isLostConnection(cause: unknown): boolean {
  return LOST.has(codeOf(cause));
}

/** Turns the failure of a connection into an error that names the host and the cause. */
export function connectionError(cause: unknown, url: URL, proxyHost: string | null): HubError {
  if (HubError.isInstance(cause)) return cause as HubError;
  const code = codeOf(cause);
  const { reason, hint } = explain(cause, code);
  return new HubError({
    code: "hub-unreachable",
    message: `Cannot reach ${url.host}${proxyHost === null ? "" : ` through the proxy ${proxyHost}`}.`,
    reason,
    hint,
    cause,
  });
}

function explain(cause: unknown, code: string): { reason: string; hint: string } {
  const known = Object.hasOwn(CAUSES, code) ? CAUSES[code] : undefined;
  if (known !== undefined) return known;
  if (CLOCK.has(code)) {
    return {
      reason: `Its TLS certificate is not valid at this time (${code}).`,
      hint: "Check the clock of this device: date",
    };
  }
  if (UNKNOWN_ISSUER.has(code)) {
    return {
      reason: `Its TLS certificate is signed by an unknown authority (${code}).`,
      hint: "If your network has its own authority: export NODE_EXTRA_CA_CERTS=/path/to/authority.pem",
    };
  }
  if (cause instanceof ProxyRefusal) {
    return {
      reason: cause.message,
      hint:
        cause.status === 407
          ? "Put the user and the password into the address: export HTTPS_PROXY=http://USER:PASSWORD@proxy.example:3128"
          : "Check HTTPS_PROXY, and add the host to NO_PROXY if it needs no proxy.",
    };
  }
  if (code.startsWith("HPE_")) {
    return {
      reason: `Its answer does not follow HTTP (${code}).`,
      hint: "Check the address, and HF_ENDPOINT if it is set.",
    };
  }
  return { reason: code === "" ? messageOf(cause) : `The system says ${code}.`, hint: CHECK_NETWORK };
}

function codeOf(cause: unknown): string {
  if (typeof cause !== "object" || cause === null) return "";
  // Connections to several addresses of one host fail together.
  if (cause instanceof AggregateError && !("code" in cause && cause.code)) return codeOf(cause.errors[0]);
  return "code" in cause && typeof cause.code === "string" ? cause.code : "";
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
