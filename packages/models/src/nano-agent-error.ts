/** Parts of an error. The texts are for people, `code` is for programs. */
export interface ErrorParts {
  /** Stable name of this kind of failure, in kebab-case. Programs may branch on it. */
  code: string;
  /** One sentence that says what happened. */
  message: string;
  /** Why it happened, if that adds information. */
  reason?: string | undefined;
  /** Advice on what to do now. */
  hint?: string | undefined;
  cause?: unknown;
}

const brand: unique symbol = Symbol.for("nanoagent.error") as never;

/** Base class of all errors that nanoagent throws on purpose. */
export class NanoAgentError extends Error {
  override name = "NanoAgentError";
  readonly code: string;
  readonly reason: string | null;
  readonly hint: string | null;
  /** @hidden */
  readonly [brand] = true;

  constructor(parts: ErrorParts) {
    super(parts.message, parts.cause === undefined ? undefined : { cause: parts.cause });
    this.code = parts.code;
    this.reason = parts.reason ?? null;
    this.hint = parts.hint ?? null;
  }

  /** Whether a value is a NanoAgentError, including one from another installed copy of the package. */
  static isInstance(value: unknown): value is NanoAgentError {
    return typeof value === "object" && value !== null && (value as { [brand]?: unknown })[brand] === true;
  }

  /** Returns the error as plain data, for `--json` and for transport. */
  toJSON(): { name: string; code: string; message: string; reason: string | null; hint: string | null } {
    return { name: this.name, code: this.code, message: this.message, reason: this.reason, hint: this.hint };
  }
}
