/** How a trigger takes events: its settings, as the log needs them. */
export interface AddRule {
  /** Most events whose work is not finished. */
  readonly maxEvents: number;
  /** Dropped events are counted. With `drop-oldest`, events whose act began are never dropped. */
  readonly whenFull: "refuse" | "drop-oldest" | "drop-newest";
  /** Value by which repeated events are recognized, and for how long, or null. */
  readonly repeats: { readonly value: string; readonly windowMilliseconds: number } | null;
}
