import { askedBefore, describeCall, describeResult, describeTools, leadTo } from "../../tool-calls/describe-tools.js";
import type { CallFormVerdict, OwnCallForm } from "../../tool-calls/own-call-form.js";
import { probeTools } from "../../tool-calls/probe-calls.js";
import { verifyCallForm } from "../../tool-calls/verify-call-form.js";
import type { EngineMessage, EngineRequest } from "../engine.js";
import { legalConversation } from "../legal-conversation.js";
import { type ChatFamily, families, plainFamily } from "./chat-families.js";
import type { ChatMessage } from "./chat-message.js";
import { endOfTurn } from "./end-of-turn.js";
import { ModelTemplates, type TemplateSources } from "./model-templates.js";
import { TemplateError } from "./template/template-error.js";
import type { TemplateConversation } from "./template-variant.js";

/** The parts of a model that its conversations depend on. Templates are parsed and probed once per object. */
export interface ChatModel extends TemplateSources {
  /** Whether a text is a single control token. */
  isControlToken: (text: string) => boolean;
  /** Form in which the template writes a call, or null if it cannot. Default: null. */
  callForm?: OwnCallForm | null | undefined;
}

export interface ChatPrompt {
  text: string;
  /**
   * Texts that end the reply, in addition to the model's end tokens. A text that is a control token stands for that
   * token.
   */
  stop: readonly string[];
  /** How the model calls tools in this reply. Null if the request has no tools or the model must not call one now. */
  calling: Calling | null;
  /** Whether the prompt ends inside reasoning. */
  opensThought: boolean;
  /** Reason why the file's own template did not write the prompt. Null if it did, or if there is no template. */
  failure: string | null;
}

/**
 * A model that was trained to call tools decides during the reply. Any other model is asked to choose first, with
 * `lead` as the beginning of its reply. It calls one tool per message, because it would not know when to stop.
 */
type Calling = { kind: "own-form"; form: OwnCallForm } | { kind: "choice"; lead: string };

/**
 * Writes the conversation in the model's format, up to the beginning of the reply. Uses the file's own template. If
 * there is none, or it fails, the control tokens of the vocabulary identify the model family, whose format is used
 * instead.
 */
export function renderChat(model: ChatModel, given: EngineRequest): ChatPrompt {
  const request = { ...given, ...legalConversation(given) };
  const { tools = [], toolChoice, responseSchema } = request;
  // If the reply must be a call or silence, or follow a schema, the tool is chosen before the reply is written. A forced
  // call has no other choice, so that the model's own form can hold it.
  const isChosenFirst = tools.length > 0 && (toolChoice === "required" || responseSchema !== undefined);
  const callForm = isChosenFirst ? null : (model.callForm ?? null);
  const hasCalls = request.messages.some(({ tool_calls = [] }) => tool_calls.length > 0);
  const attempts: Attempt[] = [];
  if (callForm !== null && (tools.length > 0 || hasCalls)) {
    const calling: Calling | null = tools.length === 0 ? null : { kind: "own-form", form: callForm };
    attempts.push({ conversation: { messages: toOwnMessages(request), tools }, calling, ways: callForm.rendering });
  }
  const messages = toChatMessages(request);
  attempts.push({ conversation: { messages, tools: [] }, calling: choiceOf(request) });
  let failure: string | null = null;
  if (model.chatTemplate !== null || model.toolTemplate != null) {
    const templates = templatesOf(model);
    for (const { conversation, calling, ways } of attempts) {
      try {
        const text = templates.render(conversation, ways);
        const { opensThought } = templates.planFor(conversation, ways);
        return { text, stop: turnEndOf(model), calling, opensThought, failure };
      } catch (error) {
        if (!(error instanceof TemplateError)) throw error;
        failure ??= error.message;
      }
    }
  }
  const { stop, render } = familyOf(model.isControlToken);
  return { text: render(messages, model), stop, calling: choiceOf(request), opensThought: false, failure };
}

/** A way to write a conversation and to call tools in it. */
interface Attempt {
  conversation: TemplateConversation;
  calling: Calling | null;
  ways?: OwnCallForm["rendering"];
}

/** Returns the format of the model family whose control token is in the vocabulary. */
function familyOf(isControlToken: (text: string) => boolean): Omit<ChatFamily, "controlToken"> {
  return families.find(({ controlToken }) => isControlToken(controlToken)) ?? plainFamily;
}

/** Finds the form in which the model's own template writes a call, with the reason for the result. */
export function learnCallForm(model: ChatModel): CallFormVerdict {
  const source = model.toolTemplate ?? model.chatTemplate;
  if (source === null) return { form: null, reason: "the file has no chat template" };
  if (!knowsTools(source)) return { form: null, reason: "its chat template does not support tools" };
  const templates = templatesOf(model);
  return verifyCallForm(
    (messages, { goesOn, calls, rendering }) => {
      // Both texts in the comparison must be rendered in the same way.
      const kind = { ...plainKind, hasTools: true, calls, endsWithResult: true } as const;
      const { variant } = templates.plan(kind, { ...rendering, calls: "together" });
      return templates.renderAs(variant, { messages, tools: probeTools }, { goesOn });
    },
    [model.eosToken],
  );
}

/** Whether a template mentions tools. If not, the model was not trained to call any. */
export function knowsTools(template: string | null): boolean {
  return template?.includes("tools") === true;
}

const templatesByModel = new WeakMap<ChatModel, ModelTemplates>();

/** Returns the templates of a model, parsed and probed once. */
export function templatesOf(model: ChatModel): ModelTemplates {
  let templates = templatesByModel.get(model);
  if (templates === undefined) {
    templates = new ModelTemplates(model);
    templatesByModel.set(model, templates);
  }
  return templates;
}

const plainKind = {
  hasInstructions: false,
  hasTools: false,
  calls: 0,
  saysBesideCalls: false,
  endsWithResult: false,
} as const;

/** Returns the text that ends a turn in the template, if it is not the model's own end token. */
function turnEndOf(model: ChatModel): readonly string[] {
  try {
    const { afterAnswer } = templatesOf(model).plan(plainKind);
    const end = afterAnswer === null ? null : endOfTurn(afterAnswer, model.chatTemplate ?? "");
    return end === null || end === model.eosToken ? [] : [end];
  } catch {
    return [];
  }
}

/** Messages for a template that supports tools. */
function toOwnMessages({ instructions, messages }: Pick<EngineRequest, "instructions" | "messages">): ChatMessage[] {
  const names = namesOfCalls(messages);
  const system = instructions === null ? [] : [{ role: "system", content: instructions }];
  const others = messages.map(({ role, content, tool_calls = [], tool_call_id }): ChatMessage => {
    if (tool_call_id !== undefined) return { role, content, tool_call_id, name: names.get(tool_call_id) ?? "" };
    if (tool_calls.length === 0) return { role, content };
    const calls = tool_calls.map(({ id, name, arguments: input }) => ({
      id,
      type: "function" as const,
      function: { name, arguments: input },
    }));
    return { role, content, tool_calls: calls };
  });
  return [...system, ...others];
}

/** Messages for a template with only system, user and assistant roles. Tool results become user messages. */
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
    // Join several results, because roles alternate in such a template.
    if (last?.role !== message.role) others.push(message);
    else last.content += `\n${message.content}`;
  }
  return [...system, ...others];
}

function namesOfCalls(messages: readonly EngineMessage[]): Map<string, string> {
  return new Map(messages.flatMap(({ tool_calls = [] }) => tool_calls.map(({ id, name }) => [id, name] as const)));
}

/**
 * Returns the choice to ask the model for. It is asked about user messages, and about tool results only if it must
 * choose.
 */
function choiceOf({ messages, tools = [], toolChoice }: EngineRequest): Calling | null {
  const isAsked = messages.at(-1)?.role === "user" || toolChoice === "required" || toolChoice === "forced";
  if (tools.length === 0 || !isAsked) return null;
  return { kind: "choice", lead: leadTo(askedBefore(messages, messages.length)) };
}
