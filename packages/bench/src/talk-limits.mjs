/** How long a session is: so many turns, */
export const SESSION_TURNS = 10_000;
/** or what is reached of them in this time. */
export const SESSION_SECONDS = 20;
