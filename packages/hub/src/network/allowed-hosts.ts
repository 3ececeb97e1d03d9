import { HubError } from "../hub-error.js";

/**
 * Throws for an address that settings do not allow. An allowed host is `example.org`, `example.org:8080`, or
 * `*.example.org` for all hosts below it; null allows every host.
 */
export function checkHost(url: URL, allowedHosts: readonly string[] | null): void {
  if (allowedHosts === null || allowedHosts.some((allowed) => isSameHost(url, allowed))) return;
  throw new HubError({
    code: "host-not-allowed",
    message: `${url.host} must not be contacted.`,
    reason:
      allowedHosts.length === 0
        ? "NANOAGENT_ALLOW_HOSTS is empty, which allows no host."
        : `NANOAGENT_ALLOW_HOSTS allows only ${allowedHosts.join(", ")}.`,
    hint: `Add the host: export NANOAGENT_ALLOW_HOSTS=${[...allowedHosts, url.hostname].join(",")}`,
  });
}

function isSameHost(url: URL, allowed: string): boolean {
  if (allowed.startsWith("*.")) return url.hostname.endsWith(allowed.slice(1)) && url.hostname.length >= allowed.length;
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return [url.hostname, url.hostname.replace(/^\[|\]$/g, ""), `${url.hostname}:${port}`].includes(allowed);
}
