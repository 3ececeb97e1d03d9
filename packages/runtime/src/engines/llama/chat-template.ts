import { Template } from "@huggingface/jinja";
import { askedBefore, describeCall, describeResult, describeTools, leadTo } from "../../tool-calls/describe-tools.js";
import type { CallFormVerdict, CallRendering, OwnCallForm } from "../../tool-calls/own-call-form.js";
import { probeTools } from "../../tool-calls/probe-calls.js";
import { verifyCallForm } from "../../tool-calls/verify-call-form.js";
import type { EngineMessage, EngineRequest, EngineTool } from "../engine.js";
import { legalConversation } from "../legal-conversation.js";
import { families, plainFamily } from "./chat-families.js";
import { type ChatMessage, withoutSystem } from "./chat-message.js";

/** The parts of a model that its conversations depend on. Its template is parsed once for each such object. */
export interface ChatModel {
  /** The model file's own template; null where it has none. */
  chatTemplate: string | null;
  bosToken: string;
  eosToken: string;
  /** Whether a text is one token that steers the conversation. */
  isControlToken: (text: string) => boolean;
  /** Form in which the template writes a call; null where it writes none. Default: null. */
  callForm?: OwnCallForm | null | undefined;
}

export interface ChatPrompt {
  text: string;
  /** Texts beside the model's own end tokens that end the reply. */
  stop: readonly string[];
  /** How the model calls tools in this reply; null if the request has no tools or the model must not call one now. */
  calling: Calling | null;
}

/**
 * A model that was trained to call tools writes a call when it wants to. Any other is asked for its choice first, with
 * `lead` as the beginning of its reply; it calls one tool for a message, for it would not know when to stop.
 */
type Calling = { kind: "own-form"; form: OwnCallForm } | { kind: "choice"; lead: string };

/**
 * Writes the conversation as the model was trained to read it, up to the beginning of its reply. It uses the file's own
 * template. If the file has none, or the template fails, the control tokens of the vocabulary tell the model's family, and
 * the conversation is written in the format of that family.
 */
export function renderChat(model: ChatModel, given: EngineRequest): ChatPrompt {
  const request = { ...given, ...legalConversation(given) };
  const { chatTemplate } = model;
  const { tools = [], toolChoice, responseSchema } = request;
  // Whether to call at all is chosen before a reply that must be a call, or must satisfy a schema, is written.
  const isChosenFirst = tools.length > 0 && (toolChoice === "required" || responseSchema !== undefined);
  const callForm = isChosenFirst ? null : (model.callForm ?? null);
  if (chatTemplate !== null && callForm !== null) {
    try {
      const text = renderOwn(model, chatTemplate, { messages: toOwnMessages(request, callForm.rendering), tools });
      return { text, stop: [], calling: tools.length === 0 ? null : { kind: "own-form", form: callForm } };
    } catch {}
  }
  const messages = toChatMessages(request);
  const calling = choiceOf(request);
  if (chatTemplate !== null) {
    // Some templates know no system role: there the instructions go before the first message.
    for (const attempt of [messages, withoutSystem(messages)]) {
      try {
        return { text: renderOwn(model, chatTemplate, { messages: attempt }), stop: [], calling };
      } catch {}
    }
  }
  const family = families.find(({ controlToken }) => model.isControlToken(controlToken)) ?? plainFamily;
  return { text: family.render(messages, model), stop: family.stop, calling };
}

/** Finds the form in which the model's own template writes a call, and says why it is that one, or none. */
export function learnCallForm(model: ChatModel): CallFormVerdict {
  const { chatTemplate } = model;
  if (chatTemplate === null) return { form: null, reason: "the file has no chat template" };
  if (!chatTemplate.includes("tools")) return { form: null, reason: "its chat template knows no tools" };
  return verifyCallForm(
    (messages, { goesOn }) =>
      renderOwn(model, chatTemplate, { messages: messages as readonly OwnMessage[], tools: probeTools, goesOn }),
    [model.eosToken],
  );
}

/** A message for a template that knows calls: one with calls may have no content. */
type OwnMessage = Omit<ChatMessage, "content"> & { content: string | null };

interface OwnConversation {
  messages: readonly OwnMessage[];
  tools?: readonly EngineTool[];
  /** Whether the model's reply comes next. Default: true. */
  goesOn?: boolean;
}

function renderOwn(
  model: ChatModel,
  template: string,
  { messages, tools = [], goesOn = true }: OwnConversation,
): string {
  const text = parseOnce(model, template).render({
    messages: [...messages],
    add_generation_prompt: goesOn,
    bos_token: model.bosToken,
    eos_token: model.eosToken,
    tools:
      tools.length === 0
        ? null
        : tools.map(({ name, description, inputSchema }) => ({
            type: "function",
            function: { name, description, parameters: inputSchema },
          })),
  });
  // A template that leaves the question out has not understood the conversation.
  if (!text.includes(messages.at(-1)?.content?.trim() ?? "")) throw new Error("the template dropped the last message");
  if (tools.some(({ name }) => !text.includes(name))) throw new Error("the template dropped a tool");
  return text;
}

/** Templates that were parsed, and null for those that cannot be: a model's is rendered with every request. */
const parsedTemplates = new WeakMap<ChatModel, Template | null>();

function parseOnce(model: ChatModel, template: string): Template {
  let parsed = parsedTemplates.get(model);
  if (parsed === undefined) {
    parsedTemplates.set(model, null);
    parsed = new Template(template);
    parsedTemplates.set(model, parsed);
  }
  if (parsed === null) throw new Error("the template cannot be parsed");
  return parsed;
}

/** Messages for a template that knows what tools are. */
function toOwnMessages({ instructions, messages }: EngineRequest, rendering: CallRendering): OwnMessage[] {
  const names = namesOfCalls(messages);
  const system = instructions === null ? [] : [{ role: "system", content: instructions }];
  const others = messages.map(({ role, content, tool_calls = [], tool_call_id }): OwnMessage => {
    if (tool_call_id !== undefined) return { role, content, tool_call_id, name: names.get(tool_call_id) ?? "" };
    if (tool_calls.length === 0) return { role, content };
    const calls = tool_calls.map(({ id, name, arguments: input }) => ({
      id,
      type: "function",
      function: { name, arguments: rendering.argumentsAre === "object" ? input : JSON.stringify(input) },
    }));
    return { role, content: content === "" ? rendering.noContent : content, tool_calls: calls };
  });
  return [...system, ...others];
}

/** Messages for a template that knows only system, user and assistant: the user says what tools said. */
function toChatMessages({ instructions, messages, tools = [] }: EngineRequest): ChatMessage[] {
  const parts = [
    ...(instructions === null ? [] : [instructions]),
    ...(tools.length === 0 ? [] : [describeTools(tools)]),
  ];
  const system = parts.length === 0 ? [] : [{ role: "system", content: parts.join("\n\n") }];
  const names = namesOfCalls(messages);
  const others: ChatMessage[] = [];
  for (const [index, { role, content, tool_calls = [], tool_call_id = "" }] of messages.entries()) {
    const calls = tool_calls.map((call) => describeCall(askedBefore(messages, index), call));
    const said = [content, ...calls].filter((text) => text !== "").join("\n");
    const message =
      role === "tool"
        ? { role: "user", content: describeResult(content, names.get(tool_call_id)) }
        : { role, content: said };
    const last = others.at(-1);
    // Several results are one message: the roles of such a template take turns.
    if (last?.role !== message.role) others.push(message);
    else last.content += `\n${message.content}`;
  }
  return [...system, ...others];
}

function namesOfCalls(messages: readonly EngineMessage[]): Map<string, string> {
  return new Map(messages.flatMap(({ tool_calls = [] }) => tool_calls.map(({ id, name }) => [id, name] as const)));
}

/** Returns the choice that the model is asked for: about a message of the user's, and not about a tool's result unless it must. */
function choiceOf({ messages, tools = [], toolChoice }: EngineRequest): Calling | null {
  const isAsked = messages.at(-1)?.role === "user" || toolChoice === "required";
  if (tools.length === 0 || !isAsked) return null;
  return { kind: "choice", lead: leadTo(askedBefore(messages, messages.length)) };
}
