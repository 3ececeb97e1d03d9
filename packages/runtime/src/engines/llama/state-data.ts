import { createReadStream } from "node:fs";
import { open, rm, stat } from "node:fs/promises";
import { crc32 } from "../../files/crc32.js";

/** Size and checksum of a file that native code wrote. */
export interface StateData {
  bytes: number;
  crc32: number;
}

/**
 * Creates a file that only this user can read, and lets `write` fill it. `write` resolves with the expected size,
 * because native code does not notice a failed write of the last bytes. A file that is not complete is removed.
 */
export async function writeStateData(
  file: string,
  write: (file: string) => Promise<number>,
  { sync = false }: { sync?: boolean } = {},
): Promise<StateData> {
  try {
    // Remove a leftover file. Creating the new one here keeps others from reading it from the first byte.
    await rm(file, { force: true });
    await (await open(file, "wx", 0o600)).close();
    const intendedBytes = await write(file);
    if (sync) await force(file);
    const { size } = await stat(file);
    if (size !== intendedBytes) {
      throw new Error(`Only ${size} of ${intendedBytes} bytes were written. The disk may be full or failing.`);
    }
    return { bytes: size, crc32: await checksum(file) };
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
}

/** Whether a file still has this size and checksum. Never rejects. */
export async function isIntact(file: string, data: StateData): Promise<boolean> {
  try {
    const { size } = await stat(file);
    return size === data.bytes && (await checksum(file)) === data.crc32;
  } catch {
    return false;
  }
}

async function checksum(file: string): Promise<number> {
  let sum = 0;
  for await (const piece of createReadStream(file, { highWaterMark: 2 ** 18 })) sum = crc32(piece as Buffer, sum);
  return sum;
}

async function force(file: string): Promise<void> {
  const handle = await open(file, "r+");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
