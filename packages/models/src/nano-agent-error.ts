/** What an error is made of. All texts are for a person; `code` is for a program. */
export interface ErrorParts {
  /** A stable name for this kind of failure, in kebab-case; a program may branch on it. */
  code: string;
  /** What happened, as one sentence: the error's `message`. */
  message: string;
  /** Why it happened, where that adds something. */
  reason?: string | undefined;
  /** What to do now. */
  hint?: string | undefined;
  cause?: unknown;
}

const brand: unique symbol = Symbol.for("nanoagent.error") as never;

/** The base of every error that nanoagent throws on purpose. */
export class NanoAgentError extends Error {
  override name = "NanoAgentError";
  readonly code: string;
  readonly reason: string | null;
  readonly hint: string | null;
  readonly [brand] = true;

  constructor(parts: ErrorParts) {
    super(parts.message, parts.cause === undefined ? undefined : { cause: parts.cause });
    this.code = parts.code;
    this.reason = parts.reason ?? null;
    this.hint = parts.hint ?? null;
  }

  /** Is this an error of nanoagent's? True as well for one that another installed copy of the package threw. */
  static isInstance(value: unknown): value is NanoAgentError {
    return typeof value === "object" && value !== null && (value as { [brand]?: unknown })[brand] === true;
  }

  /** The error as plain data, for `--json` and for a wire. */
  toJSON(): { name: string; code: string; message: string; reason: string | null; hint: string | null } {
    return { name: this.name, code: this.code, message: this.message, reason: this.reason, hint: this.hint };
  }
}
