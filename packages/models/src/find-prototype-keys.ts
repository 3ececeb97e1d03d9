interface Place {
  value: unknown;
  key: string | number;
  parent: Place | null;
}

/**
 * Returns the paths of the first `limit` own keys named `__proto__`, at any depth. JSON and YAML can create such a key.
 * Copying it key by key would change the copy's prototype, and zod silently drops it from some maps.
 */
export function findPrototypeKeys(value: unknown, limit: number): (string | number)[][] {
  const found: (string | number)[][] = [];
  const seen = new Set<unknown>();
  // A growing list instead of recursion: a file can nest deeper than the stack.
  const places: Place[] = [{ value, key: "", parent: null }];
  for (const place of places) {
    const { value: map } = place;
    if (typeof map !== "object" || map === null || seen.has(map)) continue;
    seen.add(map);
    for (const [key, inner] of Object.entries(map)) {
      const next = { value: inner, key: Array.isArray(map) ? Number(key) : key, parent: place };
      if (key !== "__proto__") places.push(next);
      else if (found.push(pathOf(next)) === limit) return found;
    }
  }
  return found;
}

function pathOf(place: Place): (string | number)[] {
  const path: (string | number)[] = [];
  for (let at = place; at.parent !== null; at = at.parent) path.push(at.key);
  return path.reverse();
}
