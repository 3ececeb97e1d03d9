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

/** The parts of a model that its conversations depend on. Its templates are read and probed once for each such object. */
export interface ChatModel extends TemplateSources {
  /** Whether a text is one token that steers the conversation. */
  isControlToken: (text: string) => boolean;
  /** Form in which the template writes a call; null where it writes none. Default: null. */
  callForm?: OwnCallForm | null | undefined;
}

export interface ChatPrompt {
  text: string;
  /** Texts beside the model's own end tokens that end the reply; one that is a control token is meant as that token. */
  stop: readonly string[];
  /** How the model calls tools in this reply; null if the request has no tools or the model must not call one now. */
  calling: Calling | null;
  /** Whether the reply begins inside of a thought, which the prompt has opened. */
  opensThought: boolean;
  /** Why the file's own template did not write the prompt; null where it did, or where there is none. */
  failure: string | null;
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
  const { tools = [], toolChoice, responseSchema } = request;
  // Whether to call at all is chosen before a reply that must be a call, or must satisfy a schema, is written.
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

/** A way to write a conversation, and how tools are called in it. */
interface Attempt {
  conversation: TemplateConversation;
  calling: Calling | null;
  ways?: OwnCallForm["rendering"];
}

/** Returns the format of the family that the control tokens of a vocabulary speak of. */
function familyOf(isControlToken: (text: string) => boolean): Omit<ChatFamily, "controlToken"> {
  return families.find(({ controlToken }) => isControlToken(controlToken)) ?? plainFamily;
}

/** Finds the form in which the model's own template writes a call, and says why it is that one, or none. */
export function learnCallForm(model: ChatModel): CallFormVerdict {
  const source = model.toolTemplate ?? model.chatTemplate;
  if (source === null) return { form: null, reason: "the file has no chat template" };
  if (!knowsTools(source)) return { form: null, reason: "its chat template knows no tools" };
  const templates = templatesOf(model);
  return verifyCallForm(
    (messages, { goesOn, calls, rendering }) => {
      // What is compared with a conversation that has calls is given to the template in the same way.
      const kind = { ...plainKind, hasTools: true, calls, endsWithResult: true } as const;
      const { variant } = templates.plan(kind, { ...rendering, calls: "together" });
      return templates.renderAs(variant, { messages, tools: probeTools }, { goesOn });
    },
    [model.eosToken],
  );
}

/** Whether a template speaks of tools. One that never does is of a model that was not trained to call any. */
export function knowsTools(template: string | null): boolean {
  return template?.includes("tools") === true;
}

const templatesByModel = new WeakMap<ChatModel, ModelTemplates>();

/** Returns the templates of a model, which are read and probed once. */
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

/** Returns the text that ends a turn by the template, where it is not the model's own end token. */
function turnEndOf(model: ChatModel): readonly string[] {
  try {
    const { afterAnswer } = templatesOf(model).plan(plainKind);
    const end = afterAnswer === null ? null : endOfTurn(afterAnswer, model.chatTemplate ?? "");
    return end === null || end === model.eosToken ? [] : [end];
  } catch {
    return [];
  }
}

/** Messages for a template that knows what tools are. */
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
