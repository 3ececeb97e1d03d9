/** Exit codes of the program. */
export const exitCodes = {
  done: 0,
  failed: 1,
  /** The command line or the config is wrong. */
  usage: 2,
  /** The agent or its model does not fit the device. */
  doesNotFit: 3,
  interrupted: 130,
} as const;
