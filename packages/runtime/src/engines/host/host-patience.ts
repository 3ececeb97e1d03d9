import type { Patience } from "./signs-of-life.js";

/**
 * Patience until Node is up, which takes a tenth of a second of processor time. Where its memory limit is too small it can
 * hang before that.
 */
export const TO_START: Patience = {
  stillMilliseconds: 15_000,
  mainThreadMilliseconds: 60_000,
  cpuMilliseconds: 120_000,
  clockMilliseconds: 60_000,
};

/** Patience with an engine that opens a model. It may take long, but never this long without progress. */
export const TO_OPEN: Patience = {
  stillMilliseconds: 60_000,
  mainThreadMilliseconds: 180_000,
  cpuMilliseconds: 1_800_000,
  clockMilliseconds: 180_000,
};

/** Patience with a host at work. It gives a sign of life twice a second, unless a chat template keeps it from that. */
export const AT_WORK: Patience = {
  stillMilliseconds: 15_000,
  mainThreadMilliseconds: 8_000,
  cpuMilliseconds: 1_800_000,
  clockMilliseconds: 8_000,
};

/**
 * Patience with an engine that saves its state, at the end of its life too. An SD card takes minutes for 256 MB; while the
 * last of it is forced to the disk, the kernel counts no work of the process at all.
 */
export const TO_SAVE: Patience = {
  stillMilliseconds: 10_000,
  diskMilliseconds: 180_000,
  mainThreadMilliseconds: 8_000,
  cpuMilliseconds: 600_000,
  clockMilliseconds: 300_000,
};
