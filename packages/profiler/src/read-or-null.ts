import type { Machine } from "./machine.js";

/** The start of a file, as {@link Machine.readText} has it; null where it cannot be read, whatever the fault. */
export async function readOrNull(machine: Machine, path: string, maxBytes?: number): Promise<string | null> {
  try {
    return await machine.readText(path, maxBytes);
  } catch {
    return null;
  }
}
