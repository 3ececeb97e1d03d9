/** An answer did not reach its place. The message is a sentence. */
export class AnswerError extends Error {
  override name = "AnswerError";
  /** Whether another try would fail as well. */
  readonly isPermanent: boolean;

  constructor(message: string, { isPermanent = false, cause }: { isPermanent?: boolean; cause?: unknown } = {}) {
    super(message, { cause });
    this.isPermanent = isPermanent;
  }
}
