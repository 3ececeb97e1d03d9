import type { Fact } from "@nanoagent/models";
import { MachineReadError } from "../machine-read-error.js";

/** A fact that the system states. */
export function certain<Value>(value: Value, source: string): Fact<Value> {
  return { value, source, confidence: "certain" };
}

/** A fact that follows from what the system states. */
export function likely<Value>(value: Value, source: string): Fact<Value> {
  return { value, source, confidence: "likely" };
}

export function unknown(error: string): { error: string } {
  return { error };
}

/** What `read` finds; a read that fails is this fact's error, and nobody else's. */
export async function factOf<Value>(read: () => Promise<Fact<Value>>): Promise<Fact<Value>> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof MachineReadError) return unknown(`${error.path}: ${error.errno}`);
    return unknown(error instanceof Error ? error.message : String(error));
  }
}
