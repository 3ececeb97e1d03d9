import os from "node:os";
import { canonicalHost } from "./listen-host.js";

/** The addresses for all of the machine's, without the zones that IPv6 addresses may have. */
const anyAddresses = new Set(["0.0.0.0", "::", "::ffff:0:0"]);

/**
 * Returns the address of a listening service for people. A service on all addresses (`0.0.0.0`, `::`) is shown with one
 * that other machines can use, or as it is if this machine has none.
 */
export function listenUrl(
  { host, port, isSecure }: { host: string; port: number; isSecure: boolean },
  interfaces: NodeJS.Dict<os.NetworkInterfaceInfo[]> = os.networkInterfaces(),
): string {
  const shown = isAnyAddress(host) ? (reachableAddress(host, interfaces) ?? host) : host;
  return `${isSecure ? "https" : "http"}://${shown.includes(":") ? `[${shown}]` : shown}:${port}`;
}

/** Whether a host stands for all addresses of the machine, in any of the forms that the system accepts. */
export function isAnyAddress(host: string): boolean {
  return anyAddresses.has(canonicalHost(host)?.replace(/%.*$/, "") ?? host);
}

function reachableAddress(host: string, interfaces: NodeJS.Dict<os.NetworkInterfaceInfo[]>): string | null {
  const others = Object.values(interfaces)
    .flatMap((entries) => entries ?? [])
    // Link-local addresses need the name of an interface, which differs on the other machine.
    .filter(({ internal, address }) => !internal && !/^(?:fe[89ab]|169\.254\.)/i.test(address));
  const four = others.find(({ family }) => family === "IPv4");
  const six = canonicalHost(host) === "0.0.0.0" ? undefined : others.find(({ family }) => family === "IPv6");
  return (four ?? six)?.address ?? null;
}
