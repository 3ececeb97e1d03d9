import { cutText, NanoAgentError } from "@nanoagent/models";

/** An issue in the intents. */
export interface IntentIssue {
  /** Path of keys and indexes within `intents`. */
  path: (string | number)[];
  /** Column in the text at that path, from 1, or null for the whole value. */
  column: number | null;
  message: string;
}

/** Most issues in the message. `issues` has all of them. */
const MAX_NAMED_ISSUES = 5;

/** Code `invalid-intents`: sentences, slots or answers with errors. `issues` lists each of them with its place. */
export class InvalidIntentsError extends NanoAgentError {
  override name = "InvalidIntentsError";
  readonly issues: readonly IntentIssue[];

  constructor(issues: readonly IntentIssue[]) {
    const named = issues.slice(0, MAX_NAMED_ISSUES).map(describe).join("; ");
    const more = issues.length > MAX_NAMED_ISSUES ? `; and ${issues.length - MAX_NAMED_ISSUES} more` : "";
    super({
      code: "invalid-intents",
      message: `The intents cannot be used: ${named}${more}.`,
      hint: 'A sentence reads like "water [the] (bed|field) {zone}"; define every {slot} in intents.slots.',
    });
    this.issues = issues;
  }

  override toJSON() {
    return { ...super.toJSON(), faults: this.issues };
  }
}

function describe({ path, column, message }: IntentIssue): string {
  const place = cutText(["intents", ...path].map(String).join("."), 200);
  return `${place}${column === null ? "" : `, column ${column}`}: ${message}`;
}
