import { cutText } from "@nanoagent/models";
import type { DecidedCall, Decision } from "../../choosing/decide.js";
import { plainDescription } from "../../choosing/tool-line.js";
import { newCallId } from "../../tool-calls/call-id.js";
import type { EndReason, EngineEvent, EngineMessage, EngineRequest, EngineTool, ToolCall } from "../engine.js";

/** Tools that the instructions name: more would fill a small context. */
const MAX_NAMED_ABILITIES = 12;
const MAX_ABILITY_CHARACTERS = 80;

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
 * Returns the request for a reply in text. The tools are chosen elsewhere: the model is told what it can do in a sentence, and
 * not asked to call anything. What was called stands in words beside the message that it was called for, for a small model
 * goes on in the form that it reads.
 */
export function asTextRequest({ tools = [], ...request }: EngineRequest): EngineRequest {
  const { instructions } = request;
  const told = tools.length === 0 ? [] : [describeAbilities(tools)];
  const texts = [...(instructions === null ? [] : [instructions]), ...told];
  const messages = inWords(request.messages, tools);
  return { ...request, messages, instructions: texts.length === 0 ? null : texts.join("\n\n"), tools: [] };
}

/** Most of a result that is repeated in words, in characters. */
const MAX_RESULT_CHARACTERS = 600;

/** Says what came of the newest calls of a conversation, in the words of the tools. */
export function tellResults({ messages, tools = [] }: EngineRequest): string {
  const first = messages.findLastIndex(({ role }) => role !== "tool") + 1;
  const calls = messages.flatMap(({ tool_calls = [] }) => tool_calls);
  const lines = messages.slice(first).map(({ content, tool_call_id }) => {
    const call = calls.findLast(({ id }) => id === tool_call_id);
    return `${describeDone(call, tools)}${content.trim()}`;
  });
  return lines.join("\n");
}

function describeDone(call: ToolCall | undefined, tools: readonly EngineTool[]): string {
  const tool = tools.find(({ name }) => name === call?.name);
  const done = tool === undefined ? (call?.name ?? "a tool") : plainDescription(tool);
  return `${done}: ${describeInput(call?.arguments)}`;
}

/** The messages of the user and the assistant; calls and their results are said in words, as a turn of their own. */
function inWords(messages: readonly EngineMessage[], tools: readonly EngineTool[]): EngineMessage[] {
  const plain: EngineMessage[] = [];
  const calls = new Map<string, ToolCall>();
  for (const { role, content, tool_calls = [], tool_call_id } of messages) {
    for (const call of tool_calls) calls.set(call.id, call);
    if (role !== "tool") {
      plain.push({ role, content: tool_calls.length === 0 ? content : content || "I am on it." });
      continue;
    }
    const call = calls.get(tool_call_id ?? "");
    const note = `${describeDone(call, tools)}${cutText(content, MAX_RESULT_CHARACTERS)}`;
    const last = plain.at(-1);
    if (last?.role === "user" && plain.length > 1)
      plain[plain.length - 1] = { ...last, content: `${note}\n${last.content}` };
    else plain.push({ role: "user", content: `${note}\n${TELL}` });
  }
  return plain;
}

const TELL = "Tell me in one short sentence what came of it.";

function describeInput(input: unknown): string {
  const values = Object.entries(typeof input === "object" && input !== null ? input : {});
  if (values.length === 0) return "";
  const words = values.map(([name, value]) => `${name.replaceAll("_", " ")} ${JSON.stringify(value)}`);
  return `${words.join(", ")}: `;
}

function describeAbilities(tools: readonly EngineTool[]): string {
  const abilities = tools
    .slice(0, MAX_NAMED_ABILITIES)
    .map((tool) => `- ${plainDescription(tool, MAX_ABILITY_CHARACTERS)}`);
  return `You are connected to devices, which do this when the user asks:\n${abilities.join("\n")}`;
}
