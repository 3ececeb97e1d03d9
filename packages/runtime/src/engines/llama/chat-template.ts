import { Template } from "@huggingface/jinja";
import type { EngineMessage, EngineRequest } from "../engine.js";

/** What a chat template needs to know of its model. */
export interface ChatModel {
  /** The model file's own template; null where it has none. */
  chatTemplate: string | null;
  bosToken: string;
  eosToken: string;
  /** Whether a text is one token that steers the conversation. */
  isControlToken: (text: string) => boolean;
}

export interface ChatPrompt {
  text: string;
  /** Texts beside the model's own end tokens that end the reply. */
  stop: readonly string[];
}

interface ChatMessage {
  role: string;
  content: string;
}

/**
 * The conversation as the model was trained to read it, up to where its reply begins: by the file's own template, and
 * where it has none or it fails, in the format that the vocabulary's control tokens speak of.
 */
export function renderChat(model: ChatModel, request: EngineRequest): ChatPrompt {
  const messages = toChatMessages(request);
  if (model.chatTemplate !== null) {
    // Some templates know no system role: there the instructions go before the first message.
    for (const attempt of [messages, withoutSystem(messages)]) {
      try {
        return { text: renderOwn(model, model.chatTemplate, attempt), stop: [] };
      } catch {}
    }
  }
  const family = families.find(({ controlToken }) => model.isControlToken(controlToken)) ?? plain;
  return { text: family.render(messages, model), stop: family.stop };
}

function renderOwn(model: ChatModel, template: string, messages: readonly ChatMessage[]): string {
  const text = new Template(template).render({
    messages: [...messages],
    add_generation_prompt: true,
    bos_token: model.bosToken,
    eos_token: model.eosToken,
    tools: null,
  });
  // A template that leaves the question out has not understood the conversation.
  if (!text.includes(messages.at(-1)?.content.trim() ?? "")) throw new Error("the template dropped the last message");
  return text;
}

/** Templates know system, user and assistant; what a tool said comes as the user's. */
function toChatMessages({ instructions, messages }: EngineRequest): ChatMessage[] {
  const system = instructions === null ? [] : [{ role: "system", content: instructions }];
  return [...system, ...messages.map(toChatMessage)];
}

function toChatMessage({ role, content, tool_calls }: EngineMessage): ChatMessage {
  if (role === "tool") return { role: "user", content: `Result of the tool: ${content}` };
  if (tool_calls === undefined || tool_calls.length === 0) return { role, content };
  const calls = tool_calls.map(({ name, arguments: values }) => JSON.stringify({ name, arguments: values }));
  return { role, content: [content, ...calls].filter(Boolean).join("\n") };
}

function withoutSystem(messages: readonly ChatMessage[]): ChatMessage[] {
  const [first, second, ...rest] = messages;
  if (first?.role !== "system" || second === undefined) return [...messages];
  return [{ role: second.role, content: `${first.content}\n\n${second.content}` }, ...rest];
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
