import { readFileSync } from "node:fs";
import os from "node:os";

/** Boards have a number of their own. The ids of systems are the same on each board whose card was copied. */
const FILES = ["/proc/device-tree/serial-number", "/etc/machine-id", "/var/lib/dbus/machine-id"];
/** The bit in the first byte of a hardware address that a program chose, such as that of a container's network. */
const CHOSEN_BIT = 0x02;

/**
 * Returns a text that differs from that of other machines and stays the same after a restart: the ids of the board and of
 * the system, else the address of a network card. Empty if nothing can be read. It must not leave the machine as it is.
 */
export function machineId(readText: (file: string) => string = readOrEmpty): string {
  return FILES.map(readText).join("") || (cardAddress() ?? "");
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return "";
  }
}

/** Returns the first address of a network card, by number, or null without one. */
function cardAddress(): string | null {
  try {
    const entries = Object.values(os.networkInterfaces()).flatMap((all = []) => all);
    const addresses = entries.flatMap(({ internal, mac }) => (internal ? [] : [mac])).sort();
    const ofCard = addresses.find((address) => (Number.parseInt(address, 16) & CHOSEN_BIT) === 0);
    return ofCard ?? addresses[0] ?? null;
  } catch {
    return null;
  }
}
