/**
 * The reply is incomplete or does not follow the API. The message completes the sentence "The server at …". `words` is
 * text from the server that may give the reason.
 */
export class NoSuchReply extends Error {
  constructor(
    message: string,
    readonly code: "remote-protocol" | "remote-failed" | "remote-refused" = "remote-protocol",
    readonly words: string | null = null,
  ) {
    super(message);
  }
}
