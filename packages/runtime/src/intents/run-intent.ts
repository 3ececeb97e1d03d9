import type { EmitEvent } from "../agent-event.js";
import type { LoopResult } from "../agent-loop.js";
import type { ToolCall } from "../engines/engine.js";
import type { CallTool, Turn } from "../session/turn.js";
import { failureOf } from "../tools/tool-outcome.js";
import { MAX_RESULT_CHARACTERS, toolResultText } from "../tools/tool-result-text.js";
import type { ToolSetOptions } from "../tools/tool-set.js";
import type { TurnAbort } from "../turn-abort.js";
import type { IntentMatch } from "./intent-matcher.js";

/** The tools that intents can call. */
export interface IntentTools {
  readonly call: CallTool;
  /** Returns the arguments that a call's tool would receive, to report and keep them. */
  argumentsFor(call: ToolCall): unknown;
}

/** The turn's interfaces that an intent uses. */
export interface IntentRun {
  abort: TurnAbort;
  emit: EmitEvent;
  onPermission?: ToolSetOptions["onPermission"];
}

/** Answers a message that matched an intent, without the engine. Calls the intent's tool if it has one. */
export async function runIntent(
  match: IntentMatch,
  tools: IntentTools,
  turn: Turn,
  run: IntentRun,
): Promise<LoopResult> {
  const { abort, emit } = run;
  const answer = match.call === null ? match.answer() : await actOn(match, match.call, tools, turn, run);
  const reason = abort.aborted ? "abort" : "stop";
  const text = toolResultText(answer ?? "", MAX_RESULT_CHARACTERS);
  if (reason === "stop" && text !== "") {
    turn.show(text);
    await emit({ type: "text-delta", text });
  }
  await emit({ type: "step-end", step: 1, reason, usage: null });
  return { text, reason, usage: null };
}

async function actOn(
  match: IntentMatch,
  { tool: name, arguments: input }: IntentMatch["call"] & object,
  tools: IntentTools,
  turn: Turn,
  { abort: { signal }, emit, onPermission }: IntentRun,
): Promise<string> {
  const given = { id: `intent-${crypto.randomUUID()}`, name, arguments: input };
  const call = { ...given, arguments: tools.argumentsFor(given) };
  await emit({ type: "tool-call", ...call });
  turn.addCalls("", [call]);
  const outcome = await turn.act(call, given, (options) => tools.call(given, options), { signal, onPermission });
  const { content, isError, value } = outcome;
  await emit({ type: "tool-result", id: call.id, name, content, is_error: isError, ...failureOf(outcome) });
  return (isError ? match.failure(content) : match.answer(typeof value === "object" ? value : content)) ?? content;
}
