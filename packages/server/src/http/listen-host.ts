import { isIPv6 } from "node:net";

/** Longest name of a host, by DNS. */
const MAX_CHARACTERS = 253;
/** Letters of every script: names such as `küche.local` are converted as browsers do it. */
const NAME = /^[\p{L}\p{N}_-]+(?:\.[\p{L}\p{N}_-]+)*\.?$/u;

/**
 * Returns an address or host name to listen on in its usual form, as the system understands it: `0.0.0.0` for `0`, `0x0`
 * and `0.0`; `::` for `0:0:0:0:0:0:0:0`; no brackets. Returns null for anything else, such as a URL or an address with a
 * port.
 */
export function canonicalHost(text: string): string | null {
  const bare = /^\[(.*)\]$/.exec(text)?.[1] ?? text;
  if (bare.includes(":")) {
    const [address = "", zone] = bare.split(/(?=%)/, 2);
    if (!isIPv6(bare)) return null;
    const { hostname } = new URL(`http://[${address}]`);
    return `${hostname.slice(1, -1)}${zone ?? ""}`;
  }
  if (bare !== text || bare.length > MAX_CHARACTERS || !NAME.test(bare)) return null;
  const url = `http://${bare}`;
  return URL.canParse(url) ? new URL(url).hostname.replace(/\.$/, "") : null;
}
