import type { Patience } from "./signs-of-life.js";

/**
 * Patience while Node starts, which takes 0.1 s of processor time. With a memory limit that is too small, Node can hang
 * at startup.
 */
export const TO_START: Patience = {
  stillMilliseconds: 15_000,
  mainThreadMilliseconds: 60_000,
  cpuMilliseconds: 120_000,
  clockMilliseconds: 60_000,
};

/** Patience while an engine opens a model. Opening may take long, but not without progress. */
export const TO_OPEN: Patience = {
  stillMilliseconds: 60_000,
  mainThreadMilliseconds: 180_000,
  cpuMilliseconds: 1_800_000,
  clockMilliseconds: 180_000,
};

/**
 * Patience while a host works. It sends a sign of life twice a second, unless a chat template blocks its main thread.
 */
export const AT_WORK: Patience = {
  stillMilliseconds: 15_000,
  mainThreadMilliseconds: 8_000,
  cpuMilliseconds: 1_800_000,
  clockMilliseconds: 8_000,
};

/**
 * Patience while an engine saves its state or closes. An SD card needs minutes for 256 MB; during the final flush to
 * disk, the kernel counts no work of the process at all.
 */
export const TO_SAVE: Patience = {
  stillMilliseconds: 10_000,
  diskMilliseconds: 180_000,
  mainThreadMilliseconds: 8_000,
  cpuMilliseconds: 600_000,
  clockMilliseconds: 300_000,
};
