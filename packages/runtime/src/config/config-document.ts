import type { SchemaIssue } from "@nanoagent/models";
import { cutText } from "@nanoagent/models";
import type { ConfigIssue } from "./invalid-config-error.js";

/** Values of a config file with their positions, the same for YAML and JSON. */
export interface ConfigDocument {
  value: unknown;
  root: ConfigNode | null;
  /** Syntax issues, independent of the values. */
  issues: { offset: number; message: string }[];
}

/** Deepest nesting. A config is nested five levels deep; a schema in it perhaps twenty. */
export const MAX_DEPTH = 100;
const MAX_KEY_CHARACTERS = 200;

export function nestedTooDeeply(offset: number): ConfigDocument["issues"][number] {
  return { offset, message: `values are nested too deeply: the limit is ${MAX_DEPTH}` };
}

/** Position of a value in the text, and of its parts. */
export interface ConfigNode {
  offset: number;
  entries?: Map<string, { keyOffset: number; value: ConfigNode }>;
  items?: ConfigNode[];
}

/** Adds a key to its map. A duplicate key is an issue, because one of its values would be ignored silently. */
export function addEntry(
  document: ConfigDocument,
  map: ConfigNode,
  key: string,
  keyOffset: number,
  value: ConfigNode,
): void {
  map.entries ??= new Map();
  if (map.entries.has(key)) document.issues.push({ offset: keyOffset, message: `duplicate key "${key}"` });
  else map.entries.set(key, { keyOffset, value });
}

/** Adds the position to a schema issue: that of the value, or that of an unknown key. */
export function placeIssue(text: string, root: ConfigNode | null, issue: SchemaIssue): ConfigIssue {
  const offset = offsetOf(root, issue.path, issue.kind === "unknown-key");
  const { expected, found, nearest, message } = issue;
  return { ...positionAt(text, offset), key: shorten(issue.path.join(".")), expected, found, nearest, message };
}

/**
 * Returns the offset of the value at a path or, with `atKey`, of its key. For a missing value it is the offset of its
 * nearest existing parent.
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

/** Shortens a key for an error message. A key can be as long as the file. */
function shorten(key: string): string {
  return key.length > MAX_KEY_CHARACTERS ? `${cutText(key, MAX_KEY_CHARACTERS)}…` : key;
}

/** Returns line and column of an offset, both from 1. */
export function positionAt(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  let line = 1;
  for (let at = before.indexOf("\n"); at >= 0; at = before.indexOf("\n", at + 1)) line += 1;
  return { line, column: offset - lineStart + 1 };
}
