/**
 * Largest message of a server. Only 8000 characters of a result are shown, and a list of a hundred tools is smaller.
 */
export const MAX_MESSAGE_BYTES = 4 * 2 ** 20;
/** Data of the error that takes the place of a larger answer. */
export const TOO_LARGE = crypto.randomUUID();

/** Most pages of a list of tools, in case a cursor loops. */
export const MAX_PAGES = 16;

/** Limits of unrequested messages per time window. Progress and log lines stay far below. */
export const UNASKED_WINDOW_MILLISECONDS = 10_000;
export const MAX_UNASKED_MESSAGES = 2000;
export const MAX_UNASKED_BYTES = 8 * 2 ** 20;

/** Most unread bytes sent to a server before it counts as stuck. */
export const MAX_UNREAD_BYTES = 2 ** 20;
