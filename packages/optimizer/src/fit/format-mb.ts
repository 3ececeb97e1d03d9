import { BYTES_PER_MB } from "@nanoagent/models";

/** Formats bytes as MB of 2^20 bytes with one decimal: `45.0`. */
export function formatMb(bytes: number): string {
  return (bytes / BYTES_PER_MB).toFixed(1);
}
