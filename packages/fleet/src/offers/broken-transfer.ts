/** A transfer that ended early. Its message is one sentence. The next try may continue it. */
export class BrokenTransfer extends Error {
  override name = "BrokenTransfer";
  /** Time that the server asks to wait, in milliseconds, or null. */
  readonly waitMilliseconds: number | null;

  constructor(message: string, options: { readonly cause?: unknown; readonly waitMilliseconds?: number | null } = {}) {
    super(message, { cause: options.cause });
    this.waitMilliseconds = options.waitMilliseconds ?? null;
  }
}
