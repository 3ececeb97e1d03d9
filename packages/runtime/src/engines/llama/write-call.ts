import { exactOrText } from "../../json/exact-json.js";
import { NanoRuntimeError } from "../../nano-runtime-error.js";
import { Repetition } from "../../repetition.js";
import { argumentsGrammar, choiceGrammar } from "../../tool-calls/call-grammar.js";
import { shortValues } from "../../tool-calls/short-values.js";
import type { EndReason, EngineTool } from "../engine.js";
import { refuseBrokenText } from "./refuse-broken-text.js";
import type { ReplyDraft } from "./reply-draft.js";

/** Temperature for the arguments of a call unless the request sets one: the most likely tokens. */
export const CALL_TEMPERATURE = 0;

/** Returns the most likely of these texts, or null if aborted. The evaluated tokens then end somewhere within it. */
export async function chooseText(draft: ReplyDraft, texts: readonly string[]): Promise<string | null> {
  const sampler = draft.startSampler({ temperature: 0 }, choiceGrammar(texts));
  const text = draft.startText({ showsControlTokens: true });
  let chosen = "";
  try {
    for (;;) {
      const left = texts.filter((some) => some.startsWith(chosen));
      if (left.length === 1) return left[0] ?? null;
      const token = await sampler.next();
      if (draft.task.isAborted()) return null;
      if (token === null || draft.isEndToken(token)) {
        if (texts.includes(chosen)) return chosen;
        throw new Error("nothing could be chosen");
      }
      chosen += text.push(token);
      // The deciding token is evaluated together with the text after it.
      if (texts.filter((some) => some.startsWith(chosen)).length > 1) await sampler.accept(token, draft.task.limit);
    }
  } finally {
    sampler.close();
  }
}

/** A call to write: its tool, its id, and the reply up to its arguments. */
export interface CallStart {
  tool: EngineTool;
  id: string;
  start: string;
}

/**
 * Writes the arguments of a call as JSON that follows the tool's schema, and emits the call. A forced call whose
 * arguments do not end is written again with short values.
 */
export async function writeCall(draft: ReplyDraft, call: CallStart): Promise<EndReason> {
  const { inputSchema } = call.tool;
  try {
    return await writeArguments(draft, call, inputSchema);
  } catch (error) {
    if (draft.task.toolChoice !== "forced" || !isNotEnding(error)) throw error;
    return writeArguments(draft, call, shortValues(inputSchema));
  }
}

async function writeArguments(draft: ReplyDraft, { tool, id, start }: CallStart, schema: object): Promise<EndReason> {
  const { sampling, limit, emit, isAborted } = draft.task;
  // In most vocabularies, a space belongs to the next word.
  const isSpaced = start.endsWith(" ");
  if ((await draft.goTo(isSpaced ? start.slice(0, -1) : start)) === "aborted") return "abort";
  // A grammar accepts control tokens by their text. Omitting them would shorten the text below its allowed minimum.
  const text = draft.startText({ showsControlTokens: true });
  const repetition = new Repetition();
  let written = "";
  const before = draft.text;
  const choice = { ...sampling, temperature: sampling.temperature ?? CALL_TEMPERATURE };
  const sampler = draft.startSampler(choice, argumentsGrammar(schema, isSpaced));
  try {
    for (;;) {
      const token = await sampler.next();
      if (token === null || draft.isEndToken(token)) break;
      draft.completionTokens += 1;
      if (draft.completionTokens > limit) throw callCutOff(tool.name, limit);
      const more = text.push(token);
      written += more;
      if (repetition.add(more)) throw callRepeats(tool.name);
      if (isAborted()) return "abort";
      // The end is evaluated with the text after the call.
      const isEvaluated = await sampler.accept(token, limit - draft.completionTokens);
      if (isEvaluated && !text.isUnfinished) draft.noteEvaluated(before + written);
    }
  } finally {
    sampler.close();
  }
  written += text.finish();
  refuseBrokenText(written);
  draft.text = before + written;
  emit({ type: "tool-call", call: { id, name: tool.name, arguments: exactOrText(written) } });
  return "tool-calls";
}

/** Whether a call failed because the model did not end its arguments. */
export function isNotEnding(error: unknown): boolean {
  return error instanceof NanoRuntimeError && error.code === "call-not-valid";
}

export function callCutOff(name: string, tokens: number): NanoRuntimeError {
  return new NanoRuntimeError({
    code: "call-not-valid",
    message: `The call of the tool "${name}" was cut off after ${tokens} tokens.`,
    hint: "Allow a longer reply (sampling.max_tokens), or load the model with a larger context.",
  });
}

export function callRepeats(name: string): NanoRuntimeError {
  return new NanoRuntimeError({
    code: "call-not-valid",
    message: `The model repeated itself endlessly in the arguments of the tool "${name}".`,
    hint: "Rephrase the message, or use a more capable model.",
  });
}
