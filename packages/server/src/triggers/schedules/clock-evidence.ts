import { existsSync, readdirSync } from "node:fs";
import os from "node:os";

/** Facts about the clock of a device, other than the time that it shows. */
export interface ClockEvidence {
  /** Whether the clock goes on while the device is off. */
  hasHardwareClock(): boolean;
  /** Whether a time server has set the clock since the device started. False where the system does not tell. */
  isSynchronized(): boolean;
  /** Time since the device started. */
  uptimeMilliseconds(): number;
}

export interface LocalEvidenceOptions {
  readonly platform?: string;
  /** Folder of the devices. */
  readonly devices?: string;
  /** File that systemd-timesyncd creates once the clock is set. */
  readonly synchronizedFile?: string;
}

/** Reads the facts of this device. Only Linux has boards without a hardware clock. */
export function localEvidence({
  platform = process.platform,
  devices = "/dev",
  synchronizedFile = "/run/systemd/timesync/synchronized",
}: LocalEvidenceOptions = {}): ClockEvidence {
  return {
    hasHardwareClock: () => platform !== "linux" || namesIn(devices).some((name) => /^rtc\d*$/.test(name)),
    isSynchronized: () => existsSync(synchronizedFile),
    uptimeMilliseconds: () => os.uptime() * 1000,
  };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
