import { NanoAgentError } from "./nano-agent-error.js";
import type { SchemaIssue } from "./schema.js";

/** Code `invalid-data`: a value does not have the shape that it must have. `issues` says where, and what was expected. */
export class InvalidDataError extends NanoAgentError {
  override name = "InvalidDataError";
  readonly issues: readonly SchemaIssue[];

  constructor(issues: readonly SchemaIssue[]) {
    super({
      code: "invalid-data",
      message: issues.map((issue) => [issue.path.join("."), issue.message].filter(Boolean).join(": ")).join("; "),
    });
    this.issues = issues;
  }
}
