import { cutText } from "./cut-text.js";
import { NanoAgentError } from "./nano-agent-error.js";
import type { SchemaIssue } from "./schema.js";

/** Most characters of a path in the message. Untrusted data can have keys of any length and depth. */
const MAX_PLACE_LENGTH = 200;

/** Code `invalid-data`: a value does not match its schema. `issues` lists where, and what was expected. */
export class InvalidDataError extends NanoAgentError {
  override name = "InvalidDataError";
  readonly issues: readonly SchemaIssue[];

  constructor(issues: readonly SchemaIssue[]) {
    super({
      code: "invalid-data",
      message: issues.map((issue) => [placeOf(issue), issue.message].filter(Boolean).join(": ")).join("; "),
    });
    this.issues = issues;
  }
}

function placeOf(issue: SchemaIssue): string {
  const place = issue.path.map(String).join(".");
  return place.length > MAX_PLACE_LENGTH ? `${cutText(place, MAX_PLACE_LENGTH)}…` : place;
}
