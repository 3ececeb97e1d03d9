import type { Fact } from "@nanoagent/models";

/** The value, or null where it is not known. */
export function knownValue<Value>(fact: Fact<Value>): Value | null {
  return "value" in fact ? fact.value : null;
}
