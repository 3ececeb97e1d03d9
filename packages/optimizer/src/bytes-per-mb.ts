export const BYTES_PER_MB = 2 ** 20;
