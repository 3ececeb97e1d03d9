/** Path and query of a request. */
export interface RequestTarget {
  /** Percent-decoded once. */
  readonly path: string;
  /** Without the question mark, still encoded. Empty without a query. */
  readonly query: string;
}

/**
 * Parses the target of a request line. Returns null for targets that are not a plain path with an optional query: absolute
 * addresses, `*`, `//x`, fragments, malformed percent escapes, and control characters.
 */
export function parseTarget(target: string): RequestTarget | null {
  if (!target.startsWith("/") || target.startsWith("//") || target.includes("#")) return null;
  const mark = target.indexOf("?");
  const query = mark === -1 ? "" : target.slice(mark + 1);
  if (query.includes("%") && decode(query) === null) return null;
  const path = decode(mark === -1 ? target : target.slice(0, mark));
  // Decoded escapes are checked, too: no route contains a control character.
  if (path === null || hasControlCharacter(path)) return null;
  return { path, query };
}

function decode(text: string): string | null {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

function hasControlCharacter(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}

/** Returns the value of a query parameter, or null. The first one counts. */
export function queryValue(query: string, name: string): string | null {
  return query === "" ? null : new URLSearchParams(query).get(name);
}
