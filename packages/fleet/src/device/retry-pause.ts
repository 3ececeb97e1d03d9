const FIRST_MILLISECONDS = 60_000;
const LONGEST_MILLISECONDS = 3_600_000;
/** Share of a pause that is left to chance, so that a fleet does not come back at one moment. */
const JITTER = 0.2;

/** Returns the pause after a number of failed tries: a minute, doubled with each further try up to an hour. */
export function retryPause(tries: number, random: number): number {
  const pause = Math.min(FIRST_MILLISECONDS * 2 ** Math.max(0, tries - 1), LONGEST_MILLISECONDS);
  return Math.round(pause * (1 - JITTER * random));
}
