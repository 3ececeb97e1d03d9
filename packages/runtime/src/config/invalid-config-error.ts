import { type ErrorParts, NanoAgentError } from "@nanoagent/models";

/** One issue of a config file, where it is, and what would be right. Lines and columns count from 1. */
export interface ConfigIssue {
  line: number;
  column: number;
  /** The keys that lead to it, joined by dots; empty for the file as a whole. */
  key: string;
  expected: string;
  found: string;
  /** The known name nearest to one that is not known. */
  nearest: string | null;
  message: string;
}

/**
 * A config file that cannot be used. Codes: `config-unreadable`, where it cannot be read as text at all, and
 * `invalid-config`, where `issues` lists all that is wrong with it.
 */
export class InvalidConfigError extends NanoAgentError {
  override name = "InvalidConfigError";
  /** The file as it was named. */
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
      hint: "README shows a config file that works; its first line lets an editor check yours as you type.",
      cause,
    });
  }

  override toJSON() {
    return { ...super.toJSON(), file: this.file, faults: this.issues };
  }
}

/** Says what is wrong with a file: its one issue, or all of them as a list, each with its place. */
export function describeIssues(file: string, issues: readonly ConfigIssue[]): string {
  const lines = issues.map(
    ({ line, column, key, message }) => `${file}:${line}:${column}: ${key === "" ? "" : `${key}: `}${message}`,
  );
  if (lines.length === 1) return String(lines[0]);
  return `${file} has ${lines.length} faults:\n${lines.map((line) => `  ${line}`).join("\n")}`;
}
