import { type ErrorParts, NanoAgentError } from "@nanoagent/models";

/** One issue of a config file, with its position and the expected value. Lines and columns count from 1. */
export interface ConfigIssue {
  line: number;
  column: number;
  /** Keys of its path, joined by dots. Empty for the file as a whole. */
  key: string;
  expected: string;
  found: string;
  /** The known name that is most similar to an unknown one. */
  nearest: string | null;
  message: string;
}

/**
 * A config file that cannot be used. Codes: `config-unreadable` if it cannot be read as text, and `invalid-config`,
 * where `issues` lists its errors.
 */
export class InvalidConfigError extends NanoAgentError {
  override name = "InvalidConfigError";
  /** Name of the file, as passed. */
  readonly file: string;
  readonly issues: readonly ConfigIssue[];

  private constructor(file: string, issues: readonly ConfigIssue[], parts: ErrorParts) {
    super(parts);
    this.file = file;
    this.issues = issues;
  }

  static unreadable(file: string, reason: string, hint: string, cause?: unknown): InvalidConfigError {
    return new InvalidConfigError(file, [], {
      code: "config-unreadable",
      message: `The config file ${file} cannot be read: ${reason}.`,
      hint,
      cause,
    });
  }

  static withIssues(file: string, issues: readonly ConfigIssue[], cause?: unknown): InvalidConfigError {
    return new InvalidConfigError(file, issues, {
      code: "invalid-config",
      message: describeIssues(file, issues),
      hint: "Correct the file. nanoagent check lists all problems of a config.",
      cause,
    });
  }

  override toJSON() {
    return { ...super.toJSON(), file: this.file, faults: this.issues };
  }
}

/** Describes the issues of a file: a single one, or all as a list, with their positions. */
export function describeIssues(file: string, issues: readonly ConfigIssue[]): string {
  const lines = issues.map(
    ({ line, column, key, message }) => `${file}:${line}:${column}: ${key === "" ? "" : `${key}: `}${message}`,
  );
  if (lines.length === 1) return String(lines[0]);
  return `${file} has ${lines.length} errors:\n${lines.map((line) => `  ${line}`).join("\n")}`;
}
