import { HubError } from "../hub-error.js";
import type { AddressSetting } from "./http-client.js";
import { ProxyFailure, ProxyRefusal } from "./proxy-failure.js";

/** A response that did not arrive in time. */
export class ResponseTimeout extends Error {
  override name = "ResponseTimeout";
  readonly code = "RESPONSE_TIMEOUT";
}

/** The way of a request that failed. */
interface FailedWay {
  /** Host of the proxy; null without one. Default: null. */
  proxyHost?: string | null | undefined;
  /** Whether the proxy itself is asked for the file, as for http. Default: false. */
  isForwarded?: boolean | undefined;
  /** Variable with the address, for the advice; null for an address that the user named. Default: `HF_ENDPOINT`. */
  setting?: AddressSetting | null | undefined;
}

interface Explanation {
  reason: string;
  hint: string;
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

const CLOSED = "The connection was closed before the answer was complete.";

/** Reasons by the system's code, with the advice if it is not to check the network. `peer` is "host" or "proxy". */
const CAUSES: Readonly<Record<string, (peer: string) => { reason: string; addressHint?: string }>> = {
  ENOTFOUND: (peer) => ({ reason: `The name server does not know this ${peer}.` }),
  EAI_AGAIN: () => ({ reason: "The name server does not answer." }),
  ECONNREFUSED: (peer) => ({
    reason: `The ${peer} refuses connections at this port.`,
    addressHint: ", and that the server runs",
  }),
  ECONNRESET: () => ({ reason: CLOSED }),
  EPIPE: () => ({ reason: CLOSED }),
  ETIMEDOUT: (peer) => ({ reason: `The ${peer} did not answer in time.` }),
  RESPONSE_TIMEOUT: (peer) => ({ reason: `The ${peer} did not answer in time.` }),
  ENETUNREACH: (peer) => ({ reason: `This device has no route to the ${peer}.` }),
  EHOSTUNREACH: (peer) => ({ reason: `This device has no route to the ${peer}.` }),
  EPROTO: (peer) => ({
    reason: `The ${peer} does not speak TLS at this port.`,
    addressHint: ": a server without TLS has an address with http://",
  }),
};

/** Whether the same request may succeed when it is sent again soon. */
export function isLostConnection(cause: unknown): boolean {
  return LOST.has(codeOf(cause));
}

/** Whether a host or a proxy did not answer in time. */
export function isTimeout(cause: unknown): boolean {
  return codeOf(cause) === "RESPONSE_TIMEOUT";
}

/** Turns the failure of a connection into an error that names the host, the proxy and the cause. */
export function connectionError(cause: unknown, url: URL, way: FailedWay = {}): HubError {
  if (HubError.isInstance(cause)) return cause as HubError;
  const { proxyHost = null } = way;
  const { reason, hint } = explain(cause, url, way);
  return new HubError({
    code: "hub-unreachable",
    message: `Cannot reach ${url.host}${proxyHost === null ? "" : ` through the proxy ${proxyHost}`}.`,
    reason,
    hint,
    cause,
  });
}

function explain(cause: unknown, url: URL, { proxyHost = null, isForwarded = false, setting }: FailedWay): Explanation {
  const code = codeOf(cause);
  const isProxy = proxyHost !== null && (isForwarded || cause instanceof ProxyFailure);
  const variable = url.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY";
  const checkProxy = `Check ${variable}. If the host needs no proxy: export NO_PROXY="$NO_PROXY,${url.hostname}"`;
  const known = Object.hasOwn(CAUSES, code) ? CAUSES[code]?.(isProxy ? "proxy" : "host") : undefined;
  if (known !== undefined) {
    const { reason, addressHint } = known;
    if (isProxy) return { reason, hint: checkProxy };
    return { reason, hint: addressHint === undefined ? CHECK_NETWORK : checkAddress(setting, addressHint) };
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return {
      reason: `${isProxy ? "The proxy's" : "Its"} TLS certificate belongs to another host.`,
      hint: isProxy ? checkProxy : "Check the address, and that no login page of the network answers instead.",
    };
  }
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
  if (cause instanceof ProxyRefusal) return explainRefusal(cause, checkProxy);
  if (code.startsWith("HPE_")) {
    return {
      reason: `${isProxy ? "The proxy's" : "Its"} answer does not follow HTTP (${code}).`,
      hint: isProxy ? checkProxy : checkAddress(setting),
    };
  }
  const reason = code === "" ? messageOf(cause) : `The system says ${code}.`;
  return { reason, hint: isProxy ? checkProxy : CHECK_NETWORK };
}

function explainRefusal({ message, status }: ProxyRefusal, checkProxy: string): Explanation {
  return { reason: message, hint: status === 407 ? proxyPasswordHint("HTTPS_PROXY") : checkProxy };
}

/** Returns the advice for a proxy that asks for a password. */
export function proxyPasswordHint(variable: "HTTP_PROXY" | "HTTPS_PROXY"): string {
  return `Put the user and the password into the address: export ${variable}=http://USER:PASSWORD@proxy.example:3128`;
}

/** Returns the advice to check an address, and the variable that it may come from. */
export function checkAddress(setting: AddressSetting | null = "HF_ENDPOINT", more = ""): string {
  return setting === null ? `Check the address${more}.` : `Check the address, and ${setting} if it is set${more}.`;
}

function codeOf(cause: unknown): string {
  if (typeof cause !== "object" || cause === null) return "";
  if (cause instanceof ProxyFailure && cause.code === "") return codeOf(cause.cause);
  // Connections to several addresses of one host fail together.
  if (cause instanceof AggregateError && !("code" in cause && cause.code)) return codeOf(cause.errors[0]);
  return "code" in cause && typeof cause.code === "string" ? cause.code : "";
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
