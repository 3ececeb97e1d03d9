import type { ClientEnd } from "./mqtt-client.js";

/** Cause of a missing connection, for people. */
export interface EndText {
  /** One sentence with the cause and advice. */
  readonly problem: string;
  /** Whether a soon try would fail, too, or disturb another client. */
  readonly waitsLong: boolean;
}

/** Facts for the texts. */
export interface EndFacts {
  /** Address as in the config. */
  readonly url: string;
  readonly clientId: string;
  readonly isSecure: boolean;
  /** Whether the broker had accepted the connection. */
  readonly wasConnected: boolean;
}

const TAKEN_OVER = 0x8e;

/** Causes and advice by code of CONNACK: those below 128 are of MQTT 3.1.1. */
const refusals: Readonly<Record<number, string>> = {
  1: "refused the version of the protocol; set mqtt.protocol to auto",
  2: "refused the client ID; change mqtt.client_id",
  3: "is not available now; it is tried again",
  4: "refused the user name or the password; correct mqtt.username and the variable of mqtt.password_env",
  5: "does not let this client in; set mqtt.username and mqtt.password_env, or permit it at the broker",
  128: "refused the connection; look into its log",
  132: "refused the version of the protocol; set mqtt.protocol to auto",
  133: "refused the client ID; change mqtt.client_id",
  134: "refused the user name or the password; correct mqtt.username and the variable of mqtt.password_env",
  135: "does not let this client in; set mqtt.username and mqtt.password_env, or permit it at the broker",
  136: "is not available now; it is tried again",
  137: "is busy; it is tried again",
  138: "has banned this client; permit it at the broker",
  151: "says that a quota is exceeded; raise it at the broker",
  154: "does not store messages, which the agent's status needs; enable retained messages at the broker",
  156: "asks to use another one; correct mqtt.url",
  157: "has moved; correct mqtt.url",
  159: "says that connections come too fast; it is tried again",
};

/** Causes and advice by code of DISCONNECT in MQTT 5. */
const endings: Readonly<Record<number, string>> = {
  0: "ended the connection; it is tried again",
  130: "says that this program violated the protocol; report it with the broker's log",
  135: "no longer lets this client in; permit it at the broker",
  137: "is busy; it is tried again",
  139: "shuts down; it is tried again",
  141: "heard nothing for too long; it is tried again",
  147: "says that too many messages were sent at once; report it with the broker's log",
  149: "says that a message was too large; look for long messages in the triggers' answers",
  150: "says that messages come too fast; add a rate limit to the triggers",
  151: "says that a quota is exceeded; raise it at the broker",
  152: "ended the connection on its operator's order; ask there",
  156: "asks to use another one; correct mqtt.url",
  157: "has moved; correct mqtt.url",
};

/** Causes and advice by code of Node's errors. */
const failures: Readonly<Record<string, string>> = {
  ECONNREFUSED: "does not listen there; start it, or correct mqtt.url",
  ENOTFOUND: "has a host name that is not known; correct mqtt.url, or look at this device's DNS",
  EAI_AGAIN: "has a host name that cannot be looked up now; look at this device's network and DNS",
  ETIMEDOUT: "does not answer; check the address in mqtt.url, the network and firewalls",
  EHOSTUNREACH: "cannot be reached from this network; check the address in mqtt.url and the network",
  ENETUNREACH: "cannot be reached without a network; check this device's network",
  SELF_SIGNED_CERT_IN_CHAIN: "has a certificate that is not trusted here; set mqtt.tls.ca_path to its authority's",
  DEPTH_ZERO_SELF_SIGNED_CERT: "has a certificate that is not trusted here; set mqtt.tls.ca_path to it",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    "has a certificate that is not trusted here; set mqtt.tls.ca_path to its authority's",
  UNABLE_TO_GET_ISSUER_CERT: "has a certificate that is not trusted here; set mqtt.tls.ca_path to its authority's",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    "has a certificate that is not trusted here; set mqtt.tls.ca_path to its authority's",
  CERT_SIGNATURE_FAILURE: "has a certificate that mqtt.tls.ca_path did not sign; set it to the right authority's",
  CERT_HAS_EXPIRED: "has a certificate that has expired; renew it, and check this device's clock",
  CERT_NOT_YET_VALID: "has a certificate that is not valid yet; check this device's clock",
  ERR_TLS_CERT_ALTNAME_INVALID: "has a certificate for another name; use that name in mqtt.url",
  ERR_SSL_WRONG_VERSION_NUMBER: "does not speak TLS on this port; use mqtt:// or the port of TLS, mostly 8883",
  EPROTO: "does not speak TLS on this port; use mqtt:// or the port of TLS, mostly 8883",
};

/** Node's codes of a broker that wants a certificate of this client, or another one. */
const certificateAlert =
  /^ERR_SSL_.*(CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE_UNKNOWN|CERTIFICATE_EXPIRED)/;

/** Describes why a connection does not stand. */
export function describeEnd(end: ClientEnd, facts: EndFacts): EndText {
  return { problem: `The broker at ${facts.url} ${describe(end, facts)}.`, waitsLong: waitsLong(end) };
}

function describe(end: ClientEnd, { isSecure, wasConnected, clientId }: EndFacts): string {
  switch (end.kind) {
    case "refused":
      return refusals[end.code] ?? `refused the connection with code ${end.code}; look into its log`;
    case "disconnected":
      if (end.code === TAKEN_OVER)
        return `gave the session to another client with the ID ${clientId}; give each its own mqtt.client_id`;
      return endings[end.code] ?? `ended the connection with code ${end.code}; look into its log`;
    case "closed":
      if (wasConnected) return "closed the connection; it is tried again";
      return isSecure
        ? "closed the connection at once; check that the port speaks TLS, and set mqtt.tls.certificate_path if it asks for one"
        : "closed the connection at once; look into its log, or use mqtts:// if it expects TLS";
    case "failed":
      return describeFailure(end.error);
    case "silent":
      return wasConnected
        ? "stopped answering; it is tried again"
        : "does not answer; check the address in mqtt.url, the network and firewalls";
    case "malformed":
      return "sent bytes that are not MQTT; check that mqtt.url is the address of an MQTT broker";
    default:
      return "was left; it is not tried again";
  }
}

function describeFailure(error: Error & { code?: unknown }): string {
  const code = typeof error.code === "string" ? error.code : "";
  if (certificateAlert.test(code))
    return "does not accept the certificate of this client; correct mqtt.tls.certificate_path and mqtt.tls.key_path";
  return failures[code] ?? `cannot be reached (${code || error.message}); check mqtt.url and the network`;
}

function waitsLong(end: ClientEnd): boolean {
  return end.kind === "disconnected" && end.code === TAKEN_OVER;
}
