/** Turns of a session. */
export const SESSION_TURNS = 10_000;
/** Time limit for a session. */
export const SESSION_SECONDS = 20;
