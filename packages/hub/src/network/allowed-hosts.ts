import { HubError } from "../hub-error.js";

/**
 * Throws for an address that settings do not allow. An allowed host is `example.org`, `example.org:8080`, or
 * `*.example.org` for all hosts below it; null allows every host.
 */
export function checkHost(url: URL, allowedHosts: readonly string[] | null): void {
  if (allowedHosts === null || allowedHosts.some((allowed) => isSameHost(url, allowed))) return;
  // A list with ports allows servers, not whole hosts.
  const added = allowedHosts.some(hasPort) ? `${url.hostname}:${portOf(url)}` : url.hostname;
  const list = [...allowedHosts, added].join(",");
  throw new HubError({
    code: "host-not-allowed",
    message: `${url.host} must not be contacted.`,
    reason:
      allowedHosts.length === 0
        ? "NANOAGENT_ALLOW_HOSTS is empty, which allows no host."
        : `NANOAGENT_ALLOW_HOSTS allows only ${allowedHosts.join(", ")}.`,
    hint: `Add the host: export NANOAGENT_ALLOW_HOSTS=${list.includes("*") ? `"${list}"` : list}`,
  });
}

function isSameHost(url: URL, allowed: string): boolean {
  if (allowed.startsWith("*.")) return url.hostname.endsWith(allowed.slice(1)) && url.hostname.length >= allowed.length;
  return [url.hostname, url.hostname.replace(/^\[|\]$/g, ""), `${url.hostname}:${portOf(url)}`].includes(allowed);
}

function portOf({ port, protocol }: URL): string {
  return port || (protocol === "https:" ? "443" : "80");
}

/** Whether a host of the list has a port. An IPv6 address without brackets has none. */
function hasPort(allowed: string): boolean {
  return /^(?:[^:]+|\[.*\]):\d+$/.test(allowed);
}
