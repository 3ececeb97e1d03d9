/**
 * A reply is not what this API sends, or it is not complete; the message goes on after "The server at …". `words` are those
 * of the server that may say why.
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
