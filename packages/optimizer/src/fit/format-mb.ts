const BYTES_PER_MB = 2 ** 20;

/** Bytes in MB of 2^20 bytes, to one decimal: `45.0`. */
export function formatMb(bytes: number): string {
  return (bytes / BYTES_PER_MB).toFixed(1);
}
