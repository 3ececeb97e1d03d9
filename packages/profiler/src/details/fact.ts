import type { Fact } from "@nanoagent/models";
import { MachineReadError } from "../machine-read-error.js";

/** Returns a fact that the system states directly. */
export function certain<Value>(value: Value, source: string): Fact<Value> {
  return { value, source, confidence: "certain" };
}

/** Returns a fact that is derived from statements of the system. */
export function likely<Value>(value: Value, source: string): Fact<Value> {
  return { value, source, confidence: "likely" };
}

export function unknown(error: string): { error: string } {
  return { error };
}

/** Returns the fact from `read`. If it throws, the fact is unknown, with the error as the reason. */
export async function factOf<Value>(read: () => Promise<Fact<Value>>): Promise<Fact<Value>> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof MachineReadError) return unknown(`${error.path}: ${error.errno}`);
    return unknown(error instanceof Error ? error.message : String(error));
  }
}
