import { Template } from "@huggingface/jinja";
import { type CallForm, probe, readCallForm } from "../../tool-calls/call-form.js";
import { askedBefore, describeCall, describeResult, describeTools, leadTo } from "../../tool-calls/describe-tools.js";
import type { EngineMessage, EngineRequest, EngineTool } from "../engine.js";

/** What a chat template needs to know of its model. */
export interface ChatModel {
  /** The model file's own template; null where it has none. */
  chatTemplate: string | null;
  bosToken: string;
  eosToken: string;
  /** Whether a text is one token that steers the conversation. */
  isControlToken: (text: string) => boolean;
  /** How the template writes a call; null where it knows of none. Default: it is not asked. */
  callForm?: CallForm | null | undefined;
}

export interface ChatPrompt {
  text: string;
  /** Texts beside the model's own end tokens that end the reply. */
  stop: readonly string[];
  /** How the model is brought to call tools; null where it is told of none, or is not to call one now. */
  calling: Calling | null;
}

/**
 * A model that was trained to call tools writes a call when it wants to. Any other is asked for its choice first, with
 * `lead` as the beginning of its reply; it calls one tool for a message, for it would not know when to stop.
 */
export type Calling = { kind: "own-form"; form: CallForm } | { kind: "choice"; lead: string };

interface ChatMessage {
  role: string;
  content: string;
  tool_calls?: object[];
  tool_call_id?: string;
  name?: string;
}

/**
 * The conversation as the model was trained to read it, up to where its reply begins: by the file's own template, and
 * where it has none or it fails, in the format that the vocabulary's control tokens speak of.
 */
export function renderChat(model: ChatModel, request: EngineRequest): ChatPrompt {
  const { chatTemplate, callForm = null } = model;
  const { tools = [] } = request;
  if (chatTemplate !== null && callForm !== null) {
    try {
      const text = renderOwn(model, chatTemplate, { messages: toOwnMessages(request), tools });
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
  const family = families.find(({ controlToken }) => model.isControlToken(controlToken)) ?? plain;
  return { text: family.render(messages, model), stop: family.stop, calling };
}

/** How the model's own template writes a call; null where it is not told of tools, or writes none. */
export function learnCallForm(model: ChatModel): CallForm | null {
  const { chatTemplate } = model;
  if (chatTemplate === null || !chatTemplate.includes("tools")) return null;
  const asked: EngineMessage[] = [{ role: "user", content: "probe" }];
  const calls = [{ id: probe.id, name: probe.name, arguments: probe.arguments }];
  const called: EngineMessage[] = [...asked, { role: "assistant", content: "", tool_calls: calls }];
  const render = (messages: readonly EngineMessage[]) =>
    renderOwn(model, chatTemplate, {
      messages: toOwnMessages({ instructions: null, messages }),
      tools: [probe.tool],
      goesOn: messages === asked,
    });
  try {
    return readCallForm(render(asked), render(called), [model.eosToken, "<|im_end|>", "<|eot_id|>", "<|eom_id|>"]);
  } catch {
    return null;
  }
}

interface OwnConversation {
  messages: readonly ChatMessage[];
  tools?: readonly EngineTool[];
  /** Whether the model's reply comes next. Default: true. */
  goesOn?: boolean;
}

function renderOwn(
  model: ChatModel,
  template: string,
  { messages, tools = [], goesOn = true }: OwnConversation,
): string {
  const text = new Template(template).render({
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
  if (!text.includes(messages.at(-1)?.content.trim() ?? "")) throw new Error("the template dropped the last message");
  if (tools.some(({ name }) => !text.includes(name))) throw new Error("the template dropped a tool");
  return text;
}

/** For a template that knows what tools are. */
function toOwnMessages({ instructions, messages }: EngineRequest): ChatMessage[] {
  const names = namesOfCalls(messages);
  const system = instructions === null ? [] : [{ role: "system", content: instructions }];
  const others = messages.map(({ role, content, tool_calls = [], tool_call_id }): ChatMessage => {
    if (tool_call_id !== undefined) return { role, content, tool_call_id, name: names.get(tool_call_id) ?? "" };
    if (tool_calls.length === 0) return { role, content };
    const calls = tool_calls.map(({ id, name, arguments: input }) => ({
      id,
      type: "function",
      function: { name, arguments: typeof input === "object" && input !== null ? input : {} },
    }));
    return { role, content, tool_calls: calls };
  });
  return [...system, ...others];
}

/** For one that knows system, user and assistant: what a tool said comes as the user's. */
function toChatMessages({ instructions, messages, tools = [] }: EngineRequest): ChatMessage[] {
  const parts = [
    ...(instructions === null ? [] : [instructions]),
    ...(tools.length === 0 ? [] : [describeTools(tools)]),
  ];
  const system = parts.length === 0 ? [] : [{ role: "system", content: parts.join("\n\n") }];
  const names = namesOfCalls(messages);
  const others = messages.map(({ role, content, tool_calls = [], tool_call_id = "" }, index) => {
    if (role === "tool") return { role: "user", content: describeResult(content, names.get(tool_call_id)) };
    const calls = tool_calls.map((call) => describeCall(askedBefore(messages, index), call));
    return { role, content: [content, ...calls].filter((text) => text !== "").join("\n") };
  });
  return [...system, ...others];
}

function namesOfCalls(messages: readonly EngineMessage[]): Map<string, string> {
  return new Map(messages.flatMap(({ tool_calls = [] }) => tool_calls.map(({ id, name }) => [id, name] as const)));
}

/** Whether the model is asked for its choice of a tool: about the user's message, and not about a tool's result. */
function choiceOf({ messages, tools = [] }: EngineRequest): Calling | null {
  const last = messages.at(-1);
  return tools.length === 0 || last?.role !== "user" ? null : { kind: "choice", lead: leadTo(last.content) };
}

function withoutSystem(messages: readonly ChatMessage[]): ChatMessage[] {
  const [first, second, ...rest] = messages;
  if (first?.role !== "system" || second === undefined) return [...messages];
  return [{ ...second, content: `${first.content}\n\n${second.content}` }, ...rest];
}

interface ChatFamily {
  /** A model whose vocabulary has this control token speaks this format. */
  controlToken: string;
  stop: readonly string[];
  render: (messages: readonly ChatMessage[], model: ChatModel) => string;
}

/** The formats of the common model families, as their publishers document them. */
const families: readonly ChatFamily[] = [
  {
    controlToken: "<|im_start|>",
    stop: ["<|im_end|>"],
    render: (messages) =>
      `${messages.map(({ role, content }) => `<|im_start|>${role}\n${content}<|im_end|>\n`).join("")}<|im_start|>assistant\n`,
  },
  {
    controlToken: "<|start_header_id|>",
    stop: ["<|eot_id|>"],
    render: (messages, { bosToken }) => {
      const turn = (role: string) => `<|start_header_id|>${role}<|end_header_id|>\n\n`;
      return `${bosToken}${messages.map(({ role, content }) => `${turn(role)}${content}<|eot_id|>`).join("")}${turn("assistant")}`;
    },
  },
  {
    controlToken: "<start_of_turn>",
    stop: ["<end_of_turn>"],
    render: (messages, { bosToken }) => {
      const role = (name: string) => (name === "assistant" ? "model" : "user");
      const turns = withoutSystem(messages).map(
        (message) => `<start_of_turn>${role(message.role)}\n${message.content}<end_of_turn>\n`,
      );
      return `${bosToken}${turns.join("")}<start_of_turn>model\n`;
    },
  },
  {
    controlToken: "<|end|>",
    stop: ["<|end|>"],
    render: (messages) =>
      `${messages.map(({ role, content }) => `<|${role}|>\n${content}<|end|>\n`).join("")}<|assistant|>\n`,
  },
  {
    controlToken: "[INST]",
    stop: [],
    render: (messages, { bosToken, eosToken }) =>
      bosToken +
      withoutSystem(messages)
        .map(({ role, content }) => (role === "assistant" ? ` ${content}${eosToken}` : `[INST] ${content} [/INST]`))
        .join(""),
  },
];

/** For a model that says nothing of itself: names before what is said. */
const plain: Omit<ChatFamily, "controlToken"> = {
  stop: ["\nUser:"],
  render: (messages) => {
    const name = (role: string) => `${role.charAt(0).toUpperCase()}${role.slice(1)}`;
    return `${messages.map(({ role, content }) => `${name(role)}: ${content}\n`).join("")}Assistant:`;
  },
};
