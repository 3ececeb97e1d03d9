import { exactOrText } from "../../json/exact-json.js";
import { Repetition } from "../../repetition.js";
import type { KeyedNotation } from "../../tool-calls/call-form.js";
import { type KeyedProperties, valueGrammar } from "../../tool-calls/keyed-grammar.js";
import type { EngineTool } from "../engine.js";
import { refuseBrokenText } from "./refuse-broken-text.js";
import type { ReplyDraft } from "./reply-draft.js";
import { CALL_TEMPERATURE, callCutOff, callRepeats, chooseText } from "./write-call.js";

/** Format of a call: its notation, the reply up to its arguments, and the text after them. */
export interface KeyedCall {
  readonly tool: EngineTool;
  readonly properties: KeyedProperties;
  readonly notation: KeyedNotation;
  readonly start: string;
  /** Text after the arguments, as far as it does not depend on what follows the call. */
  readonly end: string;
}

/**
 * Writes the arguments of a call key by key, as the model was trained to: it chooses each key among the remaining ones,
 * and each value follows the property's schema. Returns the arguments and the reply up to their end, or null if
 * aborted.
 */
export async function writeKeyedArguments(
  draft: ReplyDraft,
  { tool, properties: { properties, required }, notation, start, end }: KeyedCall,
): Promise<{ input: unknown; text: string } | null> {
  const parts: string[] = [];
  const left = new Map(properties);
  let text = start;
  while (left.size > 0) {
    if ((await draft.goTo(text)) === "aborted") return null;
    const separator = parts.length === 0 ? "" : notation.separator;
    const openings = new Map([...left.keys()].map((key) => [separator + notation.open(key), key]));
    const mayEnd = [...left.keys()].every((key) => !required.has(key));
    const chosen = await chooseText(draft, [...openings.keys(), ...(mayEnd ? [end] : [])]);
    if (chosen === null) return null;
    const key = openings.get(chosen);
    if (key === undefined) break;
    text += chosen;
    if ((await draft.goTo(text)) === "aborted") return null;
    const schema = left.get(key) as object;
    left.delete(key);
    const value = await writeValue(draft, tool, schema, notation, endsOf(notation, end, left.size > 0));
    if (value === null) return null;
    parts.push(`${JSON.stringify(key)}:${value.json}`);
    text += value.written + notation.close;
  }
  return { input: exactOrText(`{${parts.join(",")}}`), text };
}

/** Texts that may follow a value. */
function endsOf({ close, separator }: KeyedNotation, end: string, mayGoOn: boolean): string[] {
  if (close !== "") return [close];
  return mayGoOn && separator !== "" ? [separator, end] : [end];
}

async function writeValue(
  draft: ReplyDraft,
  { name }: EngineTool,
  schema: object,
  notation: KeyedNotation,
  ends: readonly string[],
): Promise<{ written: string; json: string } | null> {
  const { sampling, limit, isAborted } = draft.task;
  const { grammar, isRaw } = valueGrammar(schema, notation, ends);
  const text = draft.startText({ showsControlTokens: true });
  const repetition = new Repetition();
  let written = "";
  const sampler = draft.startSampler({ ...sampling, temperature: sampling.temperature ?? CALL_TEMPERATURE }, grammar);
  try {
    while (!ends.some((end) => written.endsWith(end) && isWhole(written.slice(0, -end.length), notation, isRaw))) {
      const token = await sampler.next();
      if (token === null || draft.isEndToken(token)) break;
      draft.completionTokens += 1;
      if (draft.completionTokens > limit) throw callCutOff(name, limit);
      const more = text.push(token);
      written += more;
      if (repetition.add(more)) throw callRepeats(name);
      if (isAborted()) return null;
      await sampler.accept(token, limit - draft.completionTokens);
    }
  } finally {
    sampler.close();
  }
  written += text.finish();
  refuseBrokenText(written);
  const end = ends.find((end) => written.endsWith(end)) ?? "";
  const value = written.slice(0, written.length - end.length);
  return { written: value, json: isRaw ? JSON.stringify(bare(value, notation)) : jsonOf(value, notation) };
}

/** Whether a value is complete. The text that ends it may also occur inside a text value. */
function isWhole(value: string, notation: KeyedNotation, isRaw: boolean): boolean {
  if (isRaw)
    return notation.textMark === "" || (value.length > notation.textMark.length && value.endsWith(notation.textMark));
  return exactOrText(jsonOf(value, notation)) !== undefined;
}

function bare(value: string, { textMark }: KeyedNotation): string {
  return value.slice(textMark.length, value.length - textMark.length);
}

function jsonOf(value: string, { words }: KeyedNotation): string {
  if (value === words.true) return "true";
  return value === words.false ? "false" : value;
}
