import { NanoAgentError } from "@nanoagent/models";

/** One fault of the intents. */
export interface IntentFault {
  /** Keys and indices that lead to it, within `intents`. */
  path: (string | number)[];
  /** Where in the text at that place, from 1; null for the whole. */
  column: number | null;
  message: string;
}

/** A message names this many faults; the rest is in `faults`. */
const MAX_NAMED_FAULTS = 5;

/** Code `invalid-intents`: sentences, slots or answers that cannot work. `faults` has each of them with its place. */
export class InvalidIntentsError extends NanoAgentError {
  override name = "InvalidIntentsError";
  readonly faults: readonly IntentFault[];

  constructor(faults: readonly IntentFault[]) {
    const named = faults.slice(0, MAX_NAMED_FAULTS).map(describe).join("; ");
    const more = faults.length > MAX_NAMED_FAULTS ? `; and ${faults.length - MAX_NAMED_FAULTS} more` : "";
    super({
      code: "invalid-intents",
      message: `The intents cannot be used: ${named}${more}.`,
      hint: 'A sentence reads like "water [the] (bed|field) {zone}"; every {slot} stands in intents.slots.',
    });
    this.faults = faults;
  }

  override toJSON() {
    return { ...super.toJSON(), faults: this.faults };
  }
}

function describe({ path, column, message }: IntentFault): string {
  const place = ["intents", ...path].map(String).join(".").slice(0, 200);
  return `${place}${column === null ? "" : `, column ${column}`}: ${message}`;
}
