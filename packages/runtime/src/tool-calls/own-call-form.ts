import type { CallFormFact } from "../engines/engine-facts.js";
import type { KeyedNotation } from "./call-form.js";
import { probeId } from "./probe-calls.js";

/** How a template receives the calls of a message. */
export interface CallRendering {
  /** Arguments as an object, or as JSON text. */
  readonly input: "object" | "json";
}

/**
 * Form in which a specific model writes a call, read from its template: `before`, the name, `between`, the arguments,
 * `after`. A reply is a call from `mark` on.
 */
export interface OwnCallForm {
  /** Name of the form in the list of forms. */
  readonly name: string;
  /** Text that begins a call. Null where calls begin like other replies and are recognized by a known name. */
  readonly mark: string | null;
  readonly before: string;
  readonly between: string;
  readonly after: string;
  /** Text between the arguments of a call and the name of the next one. Null where a reply has only one call. */
  readonly next: string | null;
  readonly notation: "json" | KeyedNotation;
  readonly rendering: CallRendering;
}

/** The form of a model's calls and the reason for it. Without a form, the model is asked to choose a tool. */
export interface CallFormVerdict {
  readonly form: OwnCallForm | null;
  readonly reason: string;
}

/** Name of the form for models without a known one. */
const NEUTRAL_FORM = "a choice, then arguments";

/** Returns the form in the notation of engine facts. */
export function callFormFact({ form, reason }: CallFormVerdict): CallFormFact {
  return { name: form?.name ?? NEUTRAL_FORM, reason };
}

/** Returns a part of a form with the id of a call. */
export function withCallId(part: string, id: string): string {
  return part.replaceAll(probeId, id);
}

/** Returns the texts that begin a call of one of these tools. */
export function marksOf({ mark, before, between }: OwnCallForm, names: readonly string[]): string[] {
  if (mark !== null) return [mark];
  // The name is complete where the text after it begins.
  return names.map((name) => before + name + between.slice(0, 1));
}
