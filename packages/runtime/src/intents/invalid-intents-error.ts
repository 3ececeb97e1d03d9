import { cutText, NanoAgentError } from "@nanoagent/models";

/** One issue of the intents. */
export interface IntentIssue {
  /** Keys and indices that lead to it, within `intents`. */
  path: (string | number)[];
  /** Where in the text at that place, from 1; null for the whole. */
  column: number | null;
  message: string;
}

/** Most issues that a message names; `issues` has all of them. */
const MAX_NAMED_ISSUES = 5;

/** Code `invalid-intents`: sentences, slots or answers that cannot work. `issues` has each of them with its place. */
export class InvalidIntentsError extends NanoAgentError {
  override name = "InvalidIntentsError";
  readonly issues: readonly IntentIssue[];

  constructor(issues: readonly IntentIssue[]) {
    const named = issues.slice(0, MAX_NAMED_ISSUES).map(describe).join("; ");
    const more = issues.length > MAX_NAMED_ISSUES ? `; and ${issues.length - MAX_NAMED_ISSUES} more` : "";
    super({
      code: "invalid-intents",
      message: `The intents cannot be used: ${named}${more}.`,
      hint: 'A sentence reads like "water [the] (bed|field) {zone}"; every {slot} stands in intents.slots.',
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
