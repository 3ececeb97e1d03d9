/** Bytes per MB in keys that end in `_mb`. */
export const BYTES_PER_MB: number = 2 ** 20;
