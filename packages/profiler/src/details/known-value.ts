import type { Fact } from "@nanoagent/models";

/** Returns the value of a fact, or null if it is unknown. */
export function knownValue<Value>(fact: Fact<Value>): Value | null {
  return "value" in fact ? fact.value : null;
}
