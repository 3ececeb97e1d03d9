import type { Machine } from "./machine.js";

/** Returns the start of a file like {@link Machine.readText}, or null if it cannot be read for any reason. */
export async function readOrNull(machine: Machine, path: string, maxBytes?: number): Promise<string | null> {
  try {
    return await machine.readText(path, maxBytes);
  } catch {
    return null;
  }
}
