import { certain } from "../details/fact.js";
import type { Machine } from "../machine.js";
import { readOrNull } from "../read-or-null.js";

/** Bits of the Raspberry Pi's `get_throttled`; those 16 higher say the same since the start. Source: its documentation. */
const UNDERVOLTED = 0x1;
const SLOWED = 0xe;
const SINCE_BOOT = 16;

/** What the firmware of a Raspberry Pi says of its voltage and its heat; null elsewhere. */
export async function readPiThrottling(machine: Machine) {
  const source = "/sys/devices/platform/soc/soc:firmware/get_throttled";
  const text = (await readOrNull(machine, source))?.trim() ?? "";
  return /^[0-9a-f]{1,8}$/i.test(text) ? throttlingFacts(Number.parseInt(text, 16), source) : null;
}

export function throttlingFacts(bits: number, source: string) {
  return {
    isUndervolted: certain((bits & UNDERVOLTED) !== 0, source),
    isThrottled: certain((bits & SLOWED) !== 0, source),
    wasThrottled: certain(((bits >>> SINCE_BOOT) & SLOWED) !== 0, source),
  };
}
