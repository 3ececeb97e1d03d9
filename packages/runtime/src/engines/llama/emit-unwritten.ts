import type { EndReason, EngineEvent, EngineRequest } from "../engine.js";
import type { PromptReader } from "./prompt-reader.js";
import { asTextRequest, type UnwrittenReply } from "./write-decision.js";

export interface UnwrittenOptions {
  request: EngineRequest;
  prompts: PromptReader;
  engine: { countTokens(text: string): number };
  emit: (event: EngineEvent) => void;
  /** Tokens that were evaluated for the decision. Absent: none, nothing was decided. */
  deciding_tokens?: number | undefined;
}

/**
 * Emits a reply that the model did not write, and a usage that clients can compare with that of other replies: the whole
 * prompt, which costs nothing beyond the decision, and the tokens of the reply. Returns the reason of its end.
 */
export function emitUnwritten(
  { events, reason }: UnwrittenReply,
  { request, prompts, engine, emit, deciding_tokens }: UnwrittenOptions,
): EndReason {
  for (const event of events) emit(event);
  // Counted without the cache, whose content stays as it is.
  const { text } = prompts.write(asTextRequest(request));
  const prompt_tokens = [...prompts.tokenize(text, true)].length;
  const cached_prompt_tokens = Math.max(0, prompt_tokens - (deciding_tokens ?? 0));
  const completion_tokens = events.reduce((sum, event) => sum + engine.countTokens(textOf(event)), 0);
  emit({ type: "usage", usage: { prompt_tokens, cached_prompt_tokens, completion_tokens, deciding_tokens } });
  return reason;
}

/** Returns what a model would have written. */
function textOf(event: UnwrittenReply["events"][number]): string {
  return event.type === "text-delta" ? event.text : `${event.call.name} ${JSON.stringify(event.call.arguments)}`;
}
