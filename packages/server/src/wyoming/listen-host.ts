import type { WyomingSettings } from "@nanoagent/models";
import { isLoopback } from "../access/loopback.js";

/**
 * Returns the address that the Wyoming service listens on, for the address of the service itself. Without
 * `allow_clients` it is loopback, because the protocol has no keys. With them it is that of the service, or all addresses
 * if that is loopback.
 */
export function listenHost({ settings, host }: { settings: WyomingSettings; host: string }): string {
  if ((settings.allow_clients ?? []).length === 0) return isLoopback(host) ? host : loopbackOf(host);
  if (!isLoopback(host)) return host;
  return host.includes(":") ? "::" : "0.0.0.0";
}

function loopbackOf(host: string): string {
  return host.includes(":") && host !== "::" ? "::1" : "127.0.0.1";
}
