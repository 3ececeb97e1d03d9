import { cutText } from "@nanoagent/models";
import type { DecidedCall, Decision } from "../../choosing/decide.js";
import { plainDescription } from "../../choosing/tool-line.js";
import { validateJson } from "../../json-schema/validate-json.js";
import { newCallId } from "../../tool-calls/call-id.js";
import type { EndReason, EngineEvent, EngineMessage, EngineRequest, EngineTool, ToolCall } from "../engine.js";

/** Most tools named in the instructions. More would fill a small context. */
const MAX_NAMED_ABILITIES = 12;
const MAX_ABILITY_CHARACTERS = 80;

/** A reply that is complete without the model, and why it ends. */
export interface UnwrittenReply {
  events: readonly UnwrittenEvent[];
  reason: EndReason;
}

type UnwrittenEvent = Extract<EngineEvent, { type: "text-delta" | "tool-call" }>;

/**
 * Returns the reply of a decision that needs no further writing: complete calls, or a question to the user. Returns
 * null for other decisions.
 */
export function decidedReply(decision: Decision, options: DecisionOptions = {}): UnwrittenReply | null {
  if (decision.kind === "none") return null;
  if (decision.kind === "ask") return { events: [{ type: "text-delta", text: decision.question }], reason: "stop" };
  if (unwrittenCall(decision, options) !== null) return null;
  const events = decision.calls.map(({ tool, arguments: input }): UnwrittenEvent => {
    return { type: "tool-call", call: { id: newCallId(), name: tool.name, arguments: input } };
  });
  return { events, reason: "tool-calls" };
}

/** Returns the reply that tells the results of the newest calls. */
export function toldReply(request: EngineRequest): UnwrittenReply {
  return { events: [{ type: "text-delta", text: tellResults(request) }], reason: "stop" };
}

export interface DecisionOptions {
  /** Whether the model also writes arguments that are known but invalid. Default: false. */
  isForced?: boolean | undefined;
}

/** Returns the decided call whose arguments the model must write, or null if all are known. */
export function unwrittenCall(decision: Decision, { isForced = false }: DecisionOptions = {}): DecidedCall | null {
  if (decision.kind !== "calls") return null;
  const isOpen = (call: DecidedCall) => call.unwritten.length > 0 || (isForced && !isValid(call));
  return decision.calls.find(isOpen) ?? null;
}

function isValid({ tool, arguments: input }: DecidedCall): boolean {
  try {
    return validateJson(tool.inputSchema, input).valid;
  } catch {
    return false;
  }
}

/**
 * Returns the request for a text reply. Since tools are chosen separately, the model only gets a sentence about its
 * abilities and is not asked to call anything. Earlier calls and results become text in the conversation, because a
 * small model imitates the format that it reads.
 */
export function asTextRequest({ tools = [], ...request }: EngineRequest): EngineRequest {
  const { instructions } = request;
  const told = tools.length === 0 ? [] : [describeAbilities(tools)];
  const texts = [...(instructions === null ? [] : [instructions]), ...told];
  const messages = inWords(request.messages, tools);
  return { ...request, messages, instructions: texts.length === 0 ? null : texts.join("\n\n"), tools: [] };
}

/** Longest quoted result, in characters. */
const MAX_RESULT_CHARACTERS = 600;

/** Returns the results of the newest calls of a conversation, in the tools' own words. */
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

/** Messages of the user and the assistant. Calls and their results become text in a separate turn. */
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
