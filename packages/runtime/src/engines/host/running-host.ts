/** A host process, for those who watch over its memory and its speed. */
export interface RunningHost {
  readonly processId: number | null;
  /** Memory that its Node reserves for compiled code, in bytes; its RLIMIT_DATA is higher by as much. */
  readonly reservedCodeBytes: number;
  readonly ended: boolean;
  readonly whenEnded: Promise<void>;
  readonly isBusy: boolean;
  /** Tokens that its engine has evaluated since its start, as of its last sign of life. */
  readonly work: number;
  /** Ends it at once: whoever waits gets `engine-out-of-memory`. */
  killForMemory(): Promise<void>;
}
