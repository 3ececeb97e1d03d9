import type { SchemaIssue } from "@nanoagent/models";
import { cutText } from "@nanoagent/models";
import type { ConfigIssue } from "./invalid-config-error.js";

/** Values of a config file and their places, the same for YAML and JSON. */
export interface ConfigDocument {
  value: unknown;
  root: ConfigNode | null;
  /** Issues of the text itself, whatever its values. */
  issues: { offset: number; message: string }[];
}

/** A config is nested five deep; a schema in it perhaps twenty. */
export const MAX_DEPTH = 100;
const MAX_KEY_CHARACTERS = 200;

export function nestedTooDeeply(offset: number): ConfigDocument["issues"][number] {
  return { offset, message: `values are nested too deeply here: at most ${MAX_DEPTH} deep` };
}

/** A value's place in the text, and those of its parts. */
export interface ConfigNode {
  offset: number;
  entries?: Map<string, { keyOffset: number; value: ConfigNode }>;
  items?: ConfigNode[];
}

/** Adds a key to its map. A repeated key is an issue, because one of its two values would silently win. */
export function addEntry(
  document: ConfigDocument,
  map: ConfigNode,
  key: string,
  keyOffset: number,
  value: ConfigNode,
): void {
  map.entries ??= new Map();
  if (map.entries.has(key)) document.issues.push({ offset: keyOffset, message: `the key "${key}" is there twice` });
  else map.entries.set(key, { keyOffset, value });
}

/** An issue of the config's shape, with its place in the text: that of the value, or of the key that nobody knows. */
export function placeIssue(text: string, root: ConfigNode | null, issue: SchemaIssue): ConfigIssue {
  const offset = offsetOf(root, issue.path, issue.kind === "unknown-key");
  const { expected, found, nearest, message } = issue;
  return { ...positionAt(text, offset), key: shorten(issue.path.join(".")), expected, found, nearest, message };
}

/**
 * Where the value at the end of a path begins, or, with `atKey`, its key. What is missing is missing where its
 * surroundings begin.
 */
export function offsetOf(root: ConfigNode | null, path: readonly (string | number)[], atKey = false): number {
  let offset = root?.offset ?? 0;
  let node = root;
  for (const [index, key] of path.entries()) {
    const entry = node?.entries?.get(String(key));
    const next: ConfigNode | null = entry?.value ?? node?.items?.[Number(key)] ?? null;
    if (next === null) break;
    offset = entry !== undefined && atKey && index === path.length - 1 ? entry.keyOffset : next.offset;
    node = next;
  }
  return offset;
}

/** A key can be as long as the file; an error shows its beginning. */
function shorten(key: string): string {
  return key.length > MAX_KEY_CHARACTERS ? `${cutText(key, MAX_KEY_CHARACTERS)}…` : key;
}

/** Line and column of a place in the text, both from 1. */
export function positionAt(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  let line = 1;
  for (let at = before.indexOf("\n"); at >= 0; at = before.indexOf("\n", at + 1)) line += 1;
  return { line, column: offset - lineStart + 1 };
}
