/** A host process as seen by code that monitors its memory and speed. */
export interface RunningHost {
  readonly processId: number | null;
  /** Memory that its Node reserves for compiled code, in bytes. RLIMIT_DATA is higher by the same amount. */
  readonly reservedCodeBytes: number;
  readonly ended: boolean;
  readonly whenEnded: Promise<void>;
  readonly isBusy: boolean;
  /** Tokens evaluated since the start, as of the last sign of life. */
  readonly work: number;
  /** Kills the process at once. Waiting requests fail with `engine-out-of-memory`. */
  killForMemory(): Promise<void>;
}
