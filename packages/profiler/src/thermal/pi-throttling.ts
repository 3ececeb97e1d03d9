import { certain } from "../details/fact.js";
import type { Machine } from "../machine.js";
import { readOrNull } from "../read-or-null.js";

/** Bits of the Raspberry Pi's `get_throttled`. The bits 16 positions higher apply to the time since boot. */
const UNDERVOLTED = 0x1;
const SLOWED = 0xe;
const SINCE_BOOT = 16;
const FIRMWARE = "/sys/devices/platform/soc/soc:firmware";
const DRIVER = "/sys/bus/platform/drivers/raspberrypi-firmware";

/** Reads the voltage and throttling state of a Raspberry Pi's firmware; null on other machines. */
export async function readPiThrottling(machine: Machine) {
  // Only these boards have it, and all of them have a device tree.
  const board = (await readOrNull(machine, "/proc/device-tree/compatible")) ?? "";
  if (!board.includes("raspberrypi,")) return null;
  const entries = await machine.listDirectory(DRIVER).catch(() => [] as string[]);
  // Newer boards have another path, which is found by the driver.
  const devices = entries.filter((name) => name.endsWith(":firmware")).map((name) => `${DRIVER}/${name}`);
  for (const device of [FIRMWARE, ...devices.slice(0, 1)]) {
    const source = `${device}/get_throttled`;
    const text = (await readOrNull(machine, source))?.trim() ?? "";
    if (/^[0-9a-f]{1,8}$/i.test(text)) return throttlingFacts(Number.parseInt(text, 16), source);
  }
  return null;
}

export function throttlingFacts(bits: number, source: string) {
  return {
    isUndervolted: certain((bits & UNDERVOLTED) !== 0, source),
    isThrottled: certain((bits & SLOWED) !== 0, source),
    wasThrottled: certain(((bits >>> SINCE_BOOT) & SLOWED) !== 0, source),
  };
}
