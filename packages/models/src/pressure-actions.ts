/**
 * Actions when memory runs short, mildest first: show less history to the model; delete state on disk; load the model
 * with a smaller batch, then with a smaller context; unload it between messages; refuse messages.
 */
export const PRESSURE_ACTIONS = [
  "trim-window",
  "drop-saved-state",
  "smaller-batch",
  "smaller-context",
  "unload-when-idle",
  "refuse",
] as const;

/** One of {@link PRESSURE_ACTIONS}. */
export type PressureAction = (typeof PRESSURE_ACTIONS)[number];
