import { ServiceError } from "../errors/service-error.js";

/** Seconds after which another page may have been closed. */
const RETRY_SECONDS = 15;

/** Error for an id that the list does not have. */
export function conversationUnknown(): ServiceError {
  return new ServiceError({
    code: "conversation-unknown",
    status: 404,
    type: "not_found_error",
    message: "No conversation of the page has this id.",
    hint: "It was removed, or the service was restarted without a session. Begin a new conversation.",
    param: "conversation",
  });
}

/** Error for a conversation whose folder stays, with the reason and what to do about it. */
export function conversationNotRemoved(reason: string, hint: string, cause?: unknown): ServiceError {
  return new ServiceError({
    code: "conversation-not-removed",
    status: 409,
    type: "invalid_request_error",
    message: "The conversation cannot be removed.",
    reason,
    hint,
    cause,
  });
}

/** Error for a page beyond the limit. */
export function tooManyPages(limit: number): ServiceError {
  return new ServiceError({
    code: "too-many-pages",
    status: 503,
    type: "server_error",
    message: `The page is already open ${limit} times.`,
    hint: "Close it elsewhere. It opens by itself when there is room.",
    retrySeconds: RETRY_SECONDS,
  });
}

/** Error for a page that is opened while too much waits for pages that do not read. */
export function pagesUnread(): ServiceError {
  return new ServiceError({
    code: "too-many-pages",
    status: 503,
    type: "server_error",
    message: "Other pages have not read their conversations yet.",
    hint: "Close them. This page opens by itself when they have read theirs, or were disconnected.",
    retrySeconds: RETRY_SECONDS,
  });
}
