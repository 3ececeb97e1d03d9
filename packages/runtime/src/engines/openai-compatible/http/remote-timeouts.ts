/** How long a server is waited for, in milliseconds. */
export interface RemoteTimeouts {
  /** Until the connection stands. Default: 10 seconds. */
  connectMilliseconds: number;
  /** For the whole answer to a small question: which models, how large a context. Default: 10 seconds. */
  questionMilliseconds: number;
  /**
   * Until the first piece of a reply, signs of life not counted: the server may load the model and read a long prompt
   * first. Default: 10 minutes, in which a small computer reads some thousand tokens.
   */
  firstPieceMilliseconds: number;
  /**
   * From one piece of a reply to the next; eight in a row get twice that time together, so that a trickle ends too.
   * Default: a minute, in which the slowest computer that was measured writes twenty tokens.
   */
  nextPieceMilliseconds: number;
  /** Before the first try again; it doubles with each. Default: 250 ms. */
  retryMilliseconds: number;
}

export const defaultRemoteTimeouts: RemoteTimeouts = {
  connectMilliseconds: 10_000,
  questionMilliseconds: 10_000,
  firstPieceMilliseconds: 600_000,
  nextPieceMilliseconds: 60_000,
  retryMilliseconds: 250,
};
