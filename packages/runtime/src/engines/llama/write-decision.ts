import type { DecidedCall, Decision } from "../../choosing/decide.js";
import { plainDescription } from "../../choosing/tool-line.js";
import { newCallId } from "../../tool-calls/call-id.js";
import type { EndReason, EngineEvent, EngineRequest, EngineTool } from "../engine.js";

/** Tools that the instructions name: more would fill a small context. */
const MAX_NAMED_ABILITIES = 12;

/** Emits a decision that needs no more writing: complete calls, or a question to the user. Null where it does. */
export function emitDecision(decision: Decision, emit: (event: EngineEvent) => void): EndReason | null {
  if (decision.kind === "none") return null;
  if (decision.kind === "ask") {
    emit({ type: "text-delta", text: decision.question });
    return "stop";
  }
  if (unwrittenCall(decision) !== null) return null;
  for (const { tool, arguments: input } of decision.calls) {
    emit({ type: "tool-call", call: { id: newCallId(), name: tool.name, arguments: input } });
  }
  return "tool-calls";
}

/** Returns the decided call whose arguments the model has to write; null where all are known. */
export function unwrittenCall(decision: Decision): DecidedCall | null {
  if (decision.kind !== "calls") return null;
  return decision.calls.find(({ unwritten }) => unwritten.length > 0) ?? null;
}

/**
 * Returns the request for a reply in text. The tools are chosen elsewhere: the model is told what it can do in a sentence,
 * and not asked to call anything.
 */
export function asTextRequest({ tools = [], ...request }: EngineRequest): EngineRequest {
  const { instructions } = request;
  const told = tools.length === 0 ? [] : [describeAbilities(tools)];
  const texts = [...(instructions === null ? [] : [instructions]), ...told];
  return { ...request, instructions: texts.length === 0 ? null : texts.join("\n\n"), tools: [] };
}

function describeAbilities(tools: readonly EngineTool[]): string {
  const abilities = tools.slice(0, MAX_NAMED_ABILITIES).map((tool) => `- ${plainDescription(tool)}`);
  return `You are connected to devices, which do this when the user asks:\n${abilities.join("\n")}`;
}
