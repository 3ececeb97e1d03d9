import type { ServeSettings } from "@nanoagent/models";
import { isAnyAddress } from "../http/listen-url.js";
import { canonicalName, type HostName, parseHostName } from "./host-name.js";
import type { Keys } from "./keys.js";
import { OwnAddresses } from "./own-addresses.js";

/** Who may use a service. */
export interface AccessRules {
  /** Null if no key is needed. */
  readonly keys: Keys | null;
  /** Hosts besides loopback. A null port stands for every port. */
  readonly hosts: readonly HostName[];
  /** The addresses of this machine, if the service listens on all of them, or null. */
  readonly ownAddresses: Pick<OwnAddresses, "includes"> | null;
  /** Origins of foreign pages. */
  readonly origins: ReadonlySet<string>;
  /** Whether the service itself speaks TLS. */
  readonly isSecure: boolean;
}

export interface AccessRulesOptions {
  readonly settings: Pick<ServeSettings, "allow_hosts" | "allow_origins" | "tls">;
  /** Address or name that the service listens on. */
  readonly host: string;
  readonly keys: Keys | null;
  readonly ownAddresses?: Pick<OwnAddresses, "includes"> | undefined;
}

/** Makes the rules of a service from its settings. */
export function accessRules({ settings, host, keys, ownAddresses }: AccessRulesOptions): AccessRules {
  const listens = isAnyAddress(host) ? null : canonicalName(host);
  return {
    keys,
    hosts: [
      ...(listens === null ? [] : [{ name: listens, port: null }]),
      ...(settings.allow_hosts ?? []).flatMap((entry) => hostOf(entry) ?? []),
    ],
    ownAddresses: isAnyAddress(host) ? (ownAddresses ?? new OwnAddresses()) : null,
    origins: new Set((settings.allow_origins ?? []).map(canonicalOrigin)),
    isSecure: settings.tls !== undefined,
  };
}

/** Entries may be IPv6 addresses without brackets. */
function hostOf(entry: string): HostName | null {
  const text = entry.trim();
  const parsed = parseHostName(text);
  if (parsed !== null) return parsed;
  const name = text.includes(":") ? canonicalName(text) : null;
  return name === null ? null : { name, port: null };
}

/** Returns an origin as browsers send it: in lower case, without a trailing slash or a default port. */
export function canonicalOrigin(text: string): string {
  const lower = text.trim().toLowerCase();
  try {
    const { origin } = new URL(lower);
    // Origins of apps and extensions, such as `app://notes`.
    return origin === "null" ? lower : origin;
  } catch {
    return lower;
  }
}
