/** Largest plausible memory: x86-64 and arm64 have physical addresses of at most 52 bits. */
const MAX_MEMORY_BYTES = 2 ** 52;

/** Returns the bytes if a machine can have that much memory; null for missing, fractional and implausible values. */
export function plausibleBytes(bytes: number | undefined): number | null {
  return bytes !== undefined && Number.isInteger(bytes) && bytes > 0 && bytes <= MAX_MEMORY_BYTES ? bytes : null;
}
