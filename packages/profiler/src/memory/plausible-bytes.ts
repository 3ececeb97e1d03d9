/** No processor of today addresses more: 52 bits is the widest physical address of x86-64 and arm64. */
const MAX_MEMORY_BYTES = 2 ** 52;

/** An amount of memory that a machine can have; null for what is none: nothing, not a number, fractional, too large. */
export function plausibleBytes(bytes: number | undefined): number | null {
  return bytes !== undefined && Number.isInteger(bytes) && bytes > 0 && bytes <= MAX_MEMORY_BYTES ? bytes : null;
}
