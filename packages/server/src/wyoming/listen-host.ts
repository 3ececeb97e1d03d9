import { networkInterfaces } from "node:os";
import type { WyomingSettings } from "@nanoagent/models";
import { isLoopback } from "../access/loopback.js";
import { readNetwork } from "./client-rules.js";

const ALL_IPV4 = "0.0.0.0";
/** All addresses of both families. */
const ALL = "::";

/**
 * Returns the address that the Wyoming service listens on, for the address of the service itself. Without
 * `allow_clients` it is loopback, because the protocol has no keys. With them it is that of the service, or all addresses
 * if that is loopback. All addresses are those of both families if a client has an IPv6 address and the system has, too.
 */
export function listenHost(
  { settings: { allow_clients: clients = [] }, host }: { settings: WyomingSettings; host: string },
  hasIpv6: () => boolean = systemHasIpv6,
): string {
  if (clients.length === 0) return isLoopback(host) ? host : loopbackOf(host);
  if (!isLoopback(host) && host !== ALL_IPV4) return host;
  if (host.includes(":")) return ALL;
  const needsIpv6 = clients.some((client) => readNetwork(client)?.family === "ipv6");
  return needsIpv6 && hasIpv6() ? ALL : ALL_IPV4;
}

function systemHasIpv6(): boolean {
  try {
    return Object.values(networkInterfaces()).some((entries = []) => entries.some(({ family }) => family === "IPv6"));
  } catch {
    // The system forbids to list them. IPv4 works everywhere.
    return false;
  }
}

function loopbackOf(host: string): string {
  return host.includes(":") && host !== ALL ? "::1" : "127.0.0.1";
}
