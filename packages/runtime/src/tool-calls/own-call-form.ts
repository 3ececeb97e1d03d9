import type { CallFormFact } from "../engines/engine-facts.js";
import type { KeyedNotation } from "./call-form.js";
import { probeId } from "./probe-calls.js";

/** How a template is given the calls of a message. */
export interface CallRendering {
  /** Arguments as an object, or as its JSON. */
  readonly input: "object" | "json";
}

/**
 * Form in which the model at hand writes a call, as its own template writes it: `before`, the name, `between`, the arguments,
 * `after`. From `mark` on, a reply is a call.
 */
export interface OwnCallForm {
  /** Name of the form in the table. */
  readonly name: string;
  /** Text that begins a call; null where calls begin like other replies, and a known name tells them apart. */
  readonly mark: string | null;
  readonly before: string;
  readonly between: string;
  readonly after: string;
  /** Text from the arguments of a call to the name of the next one; null where a reply has one call. */
  readonly next: string | null;
  readonly notation: "json" | KeyedNotation;
  readonly rendering: CallRendering;
}

/** Form of a model's calls, and why it is that form; without one the model is asked for its choice. */
export interface CallFormVerdict {
  readonly form: OwnCallForm | null;
  readonly reason: string;
}

/** Name of the form for a model without one of its own. */
const NEUTRAL_FORM = "a choice, then arguments";

/** Returns the form as an engine states it. */
export function callFormFact({ form, reason }: CallFormVerdict): CallFormFact {
  return { name: form?.name ?? NEUTRAL_FORM, reason };
}

/** Returns a part of a form as it is written in a call with this id. */
export function withCallId(part: string, id: string): string {
  return part.replaceAll(probeId, id);
}

/** Returns the texts that begin a call of one of these tools. */
export function marksOf({ mark, before, between }: OwnCallForm, names: readonly string[]): string[] {
  if (mark !== null) return [mark];
  // The name has ended where what follows it begins.
  return names.map((name) => before + name + between.slice(0, 1));
}
