import { convertSlips } from "../json-schema/convert-slips.js";
import { readSchema } from "../json-schema/read-schema.js";
import type { CallForm, NamedCall, PlacedCall } from "./call-form.js";
import { callForms } from "./call-forms.js";
import { type CallFormVerdict, type CallRendering, type OwnCallForm, withCallId } from "./own-call-form.js";
import {
  nestedProbe,
  otherProbe,
  type ProbeCall,
  probe,
  probeAnswer,
  probeId,
  probeQuestion,
  probeTools,
} from "./probe-calls.js";
import { readNotation } from "./read-notation.js";

/** A message of the conversation that is rendered to see how calls are written. */
interface ProbeMessage {
  readonly role: "user" | "assistant";
  readonly content: string;
  tool_calls?: { id: string; type: "function"; function: { name: string; arguments: unknown } }[];
}

/**
 * Rendering options: `goesOn` adds the beginning of the next reply, `calls` is the number of calls in the conversation.
 */
interface ProbeOptions {
  goesOn: boolean;
  calls: 1 | 2;
  rendering: CallRendering;
}

/** Renders a conversation with the probes' tools. Throws where the template cannot. */
export type RenderProbe = (messages: readonly ProbeMessage[], options: ProbeOptions) => string;

/** Ways to pass calls, in the order in which they are tried. Templates render the wrong one differently. */
const renderings: readonly CallRendering[] = [{ input: "object" }, { input: "json" }];
const tagPattern = /<[^<>\s]{1,60}>|\[\/?[A-Z][A-Z_]{1,40}\]/g;
/** Names of tags around thoughts, which a model writes before an answer as well as before a call. */
const thoughtPattern = /think|thought|reason|analysis|inner_|plan/i;
const brackets = [
  ["<", ">"],
  ["[", "]"],
] as const;
/** Texts that end a turn in various families. */
const turnEnds = ["<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end|>", "<|call|>", "<end_of_turn>", "<turn|>"];

/**
 * Finds the form in which a template writes calls: the form whose `decode` returns exactly the rendered calls, for all
 * names, arguments and ids. Nothing is guessed: a form that fails one probe is not used.
 */
export function verifyCallForm(render: RenderProbe, endTokens: readonly string[]): CallFormVerdict {
  for (const rendering of renderings) {
    const rendered = renderOnce(render, rendering);
    const form = callForms.map((row) => verifyRow(row, rendering, rendered, endTokens)).find((found) => found !== null);
    if (form !== undefined && form !== null) {
      const mark = form.mark === null ? "" : `, from ${form.mark.trim()} on`;
      return { form, reason: `its chat template writes calls as ${form.name}${mark}` };
    }
  }
  return { form: null, reason: "its chat template has no known call form" };
}

function verifyRow(
  row: CallForm,
  rendering: CallRendering,
  rendered: (calls: readonly ProbeCall[]) => Rendered,
  endTokens: readonly string[],
): OwnCallForm | null {
  try {
    const one = readProbe(row, rendered([probe]), [probe]);
    const other = readProbe(row, rendered([otherProbe]), [otherProbe]);
    if (one === null || other === null) return null;
    if (readProbe(row, rendered([nestedProbe]), [nestedProbe]) === null) return null;
    const parts = partsOf(one, endTokens);
    if (parts === null || !areSame(parts, partsOf(other, endTokens), otherProbe.id)) return null;
    const [call] = one.calls as [PlacedCall];
    const written = one.text.slice(call.argumentsStart, call.argumentsEnd);
    const notation = row.notation === "json" ? "json" : readNotation(written, row.notation);
    if (notation === null || (notation === "json" && !written.startsWith("{"))) return null;
    return { name: row.name, ...parts, next: nextOf(row, rendered), notation, rendering };
  } catch {
    // A template that fails for such a conversation does not have this form.
    return null;
  }
}

/**
 * Renders each conversation only once for all forms, also where the template fails, because large templates are slow.
 */
function renderOnce(render: RenderProbe, rendering: CallRendering): (calls: readonly ProbeCall[]) => Rendered {
  const known = new Map<string, Rendered | null>();
  return (calls) => {
    const key = calls.map((call) => JSON.stringify(call)).join();
    let part = known.get(key);
    if (part === undefined) {
      known.set(key, null);
      part = assistantPart(render, rendering, calls);
      known.set(key, part);
    }
    if (part === null) throw new Error("the template cannot write these calls");
    return part;
  };
}

/** The assistant's part of a rendered conversation with calls. */
interface Rendered {
  text: string;
  /** The same part with an answer, and the beginning of a reply. Tags in them do not mark a call. */
  plain: string;
  /** Text between the beginning of the reply and `text`, which every reply has. */
  skipped: string;
}

function assistantPart(render: RenderProbe, rendering: CallRendering, calls: readonly ProbeCall[]): Rendered {
  const asked: ProbeMessage = { role: "user", content: probeQuestion };
  const tool_calls = calls.map(({ id, name, arguments: input }) => ({
    id,
    type: "function" as const,
    function: { name, arguments: input },
  }));
  const options = { calls: calls.length > 1 ? 2 : 1, rendering, goesOn: false } as const;
  const begun = render([asked], { ...options, goesOn: true });
  const answered = render([asked, { role: "assistant", content: probeAnswer }], options);
  const called = render([asked, { role: "assistant", content: "", tool_calls }], options);
  const beginning = commonLength(begun, called);
  const start = Math.max(beginning, commonLength(answered, called));
  const after = answered.slice(answered.lastIndexOf(probeAnswer) + probeAnswer.length);
  const end = called.length - commonLength(reversed(after), reversed(called.slice(start)));
  const plain = afterQuestion(begun) + afterQuestion(answered);
  return { text: called.slice(start, end), plain, skipped: called.slice(beginning, start) };
}

interface DecodedProbe extends Rendered {
  calls: readonly PlacedCall[];
}

/** Returns the calls that a form decodes, or null unless they are the probes. */
function readProbe(row: CallForm, rendered: Rendered, probes: readonly NamedCall[]): DecodedProbe | null {
  const decoded = row.decode(rendered.text, (name) => probes.some((call) => call.name === name));
  if (decoded === null || decoded.calls.length !== probes.length) return null;
  const schema = readSchema(probeTools[0].inputSchema);
  const isProbe = decoded.calls.every(({ name, arguments: input }, index) => {
    const wanted = probes[index];
    return name === wanted?.name && canonical(convertSlips(schema, input)) === canonical(wanted.arguments);
  });
  return isProbe ? { ...rendered, calls: decoded.calls } : null;
}

type FormParts = Pick<OwnCallForm, "mark" | "before" | "between" | "after">;

/** Splits a rendered call into parts, or returns null where nothing distinguishes it from other replies. */
function partsOf({ text, plain, skipped, calls }: DecodedProbe, endTokens: readonly string[]): FormParts | null {
  const [call] = calls as [PlacedCall];
  const lead = text.slice(0, call.nameStart);
  let start = 0;
  for (const { 0: tag = "", index } of lead.matchAll(tagPattern)) {
    // Any other tag that every reply has belongs to another message, so the call is not in the reply.
    if (thoughtPattern.test(tag)) start = index + tag.length;
    else if (plain.includes(tag)) return null;
  }
  const before = lead.slice(start).trimStart();
  const opening = /^(?:<[^<>\s]{1,60}>|\[[A-Z][A-Z_]{1,40}\])/.exec(before)?.[0] ?? null;
  const addressed = /to=functions\.$/.exec(lead) === null ? null : " to=functions.";
  const mark = opening ?? addressed;
  // Without a tag, a call must begin the reply, and with a bracket before the name.
  const isBeginning = skipped.replace(tagPattern, (tag) => (thoughtPattern.test(tag) ? "" : tag)).trim() === "";
  if (mark === null && !(isBeginning && /^[{[]/.test(before))) return null;
  if (mark !== null && plain.includes(mark)) return null;
  let after = text.slice(call.argumentsEnd);
  for (const end of [...endTokens, ...turnEnds]) {
    const at = end === "" ? -1 : after.indexOf(end);
    if (at >= 0) after = after.slice(0, at);
  }
  const between = text.slice(call.nameEnd, call.argumentsStart);
  return { mark, before: opening === null ? (addressed ?? before) : before, between, after: after.trimEnd() };
}

function areSame(one: FormParts, other: FormParts | null, otherId: string): boolean {
  if (other === null) return false;
  const keys = ["mark", "before", "between", "after"] as const;
  return keys.every((key) => withCallId(one[key] ?? "", otherId) === (other[key] ?? ""));
}

/** Returns the text between two calls of a reply, or null where a reply has one call or its ids are numbers. */
function nextOf(row: CallForm, rendered: (calls: readonly ProbeCall[]) => Rendered): string | null {
  try {
    const probes = [probe, otherProbe];
    const both = readProbe(row, rendered(probes), probes);
    if (both === null) return null;
    const [one, other] = both.calls as [PlacedCall, PlacedCall];
    const next = both.text.slice(one.argumentsEnd, other.nameStart);
    // The id of the first call precedes its end. The id of the second may precede its name.
    return next.replaceAll(otherProbe.id, probeId);
  } catch {
    return null;
  }
}

/** Length of the common beginning, up to a position outside of tags. */
function commonLength(one: string, other: string): number {
  let length = 0;
  while (length < Math.min(one.length, other.length) && one[length] === other[length]) length += 1;
  for (const [open, close] of brackets) {
    const begun = one.lastIndexOf(open, length - 1);
    const isWithin = begun >= 0 && begun < length && one.lastIndexOf(close, length - 1) < begun;
    if (isWithin && length - begun <= 60) length = begun;
  }
  return length;
}

/** Reverses a text and its brackets, so that tags remain tags. */
function reversed(text: string): string {
  const turned: Record<string, string> = { "<": ">", ">": "<", "[": "]", "]": "[" };
  return [...text]
    .reverse()
    .map((character) => turned[character] ?? character)
    .join("");
}

function afterQuestion(text: string): string {
  return text.slice(text.lastIndexOf(probeQuestion) + probeQuestion.length);
}

/** Returns data as JSON with sorted keys. */
function canonical(data: unknown): string {
  return JSON.stringify(data, (_, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
      : value,
  );
}
