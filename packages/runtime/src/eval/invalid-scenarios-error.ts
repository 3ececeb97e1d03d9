import { type ErrorParts, NanoAgentError } from "@nanoagent/models";
import { type ConfigIssue, describeIssues } from "../config/invalid-config-error.js";

/**
 * A scenario file that cannot be used. Codes: `scenarios-unreadable` where it cannot be read as text, and
 * `invalid-scenarios` where `issues` lists each problem with its line and key.
 */
export class InvalidScenariosError extends NanoAgentError {
  override name = "InvalidScenariosError";
  /** The file as given by the caller. */
  readonly file: string;
  readonly issues: readonly ConfigIssue[];

  private constructor(file: string, issues: readonly ConfigIssue[], parts: ErrorParts) {
    super(parts);
    this.file = file;
    this.issues = issues;
  }

  static unreadable(file: string, reason: string, hint: string, cause?: unknown): InvalidScenariosError {
    const message = `The scenarios in ${file} cannot be read: ${reason}.`;
    return new InvalidScenariosError(file, [], { code: "scenarios-unreadable", message, hint, cause });
  }

  static withIssues(file: string, issues: readonly ConfigIssue[]): InvalidScenariosError {
    return new InvalidScenariosError(file, issues, {
      code: "invalid-scenarios",
      message: describeIssues(file, issues),
      hint: "docs/eval.md describes the keys of a scenario file and shows a working one.",
    });
  }

  override toJSON() {
    return { ...super.toJSON(), file: this.file, faults: this.issues };
  }
}
