/** Host and port of a Host header, an origin, or an entry of `allow_hosts`. */
export interface HostName {
  /** In lower case, without a trailing dot; IPv6 addresses in brackets and in their shortest form. */
  readonly name: string;
  /** Null if none is given. */
  readonly port: number | null;
}

/** Longest name of a host, by DNS, with brackets and port. */
const MAX_CHARACTERS = 270;

/** Parses `name`, `name:port`, `[address]` or `[address]:port`. Returns null for anything else. */
export function parseHostName(text: string): HostName | null {
  if (text.length > MAX_CHARACTERS) return null;
  const parts = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?$/i.exec(text);
  if (parts?.[1] === undefined) return null;
  const name = canonicalName(parts[1]);
  const port = parts[2] === undefined ? null : Number(parts[2]);
  return name === null || (port !== null && port > 65_535) ? null : { name, port };
}

/** Returns the name of an address or host as `parseHostName` does. IPv6 addresses need no brackets. */
export function canonicalName(text: string): string | null {
  const isBare = text.includes(":") && !text.startsWith("[");
  // The zone of a link-local address is not part of a Host header.
  const name = isBare ? `[${text.replace(/%.*$/, "")}]` : text;
  if (!name.startsWith("[")) return name.toLowerCase().replace(/\.$/, "") || null;
  try {
    return new URL(`http://${name}`).hostname;
  } catch {
    return null;
  }
}
