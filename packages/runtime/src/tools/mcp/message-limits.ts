/** One message of a server, as it is sent. Of a result 8000 characters are shown; a list of a hundred tools is smaller. */
export const MAX_MESSAGE_BYTES = 4 * 2 ** 20;

/** Pieces of a list of tools: a cursor that leads in a circle is followed so far. */
export const MAX_PAGES = 16;

/** What a server may say without being asked, in a window of time: progress and log lines are far below. */
export const UNASKED_WINDOW_MILLISECONDS = 10_000;
export const MAX_UNASKED_MESSAGES = 2000;
export const MAX_UNASKED_BYTES = 8 * 2 ** 20;

/** Said to a server that reads nothing, before it counts as stuck. */
export const MAX_UNREAD_BYTES = 2 ** 20;
