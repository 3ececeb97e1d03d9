/** An answer did not reach its place. The message is a sentence. */
export class AnswerError extends Error {
  override name = "AnswerError";
  /** Whether another try would fail as well. */
  readonly isPermanent: boolean;

  /** Whether the place cannot be reached at present. The answer may then wait as long as its event. */
  readonly isAway: boolean;

  constructor(
    message: string,
    { isPermanent = false, isAway = false, cause }: { isPermanent?: boolean; isAway?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.isPermanent = isPermanent;
    this.isAway = isAway;
  }
}
