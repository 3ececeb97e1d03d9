import { type ChatMessage, withoutSystem } from "./chat-message.js";

/** Tokens that a format may write at the start and after replies. */
interface EdgeTokens {
  bosToken: string;
  eosToken: string;
}

/** Chat format of a model family. */
export interface ChatFamily {
  /** Control token whose presence in the vocabulary identifies the format. */
  controlToken: string;
  stop: readonly string[];
  render: (messages: readonly ChatMessage[], tokens: EdgeTokens) => string;
}

/** Formats of common model families, as documented by their publishers. */
export const families: readonly ChatFamily[] = [
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

/** Format for models of unknown families: a name before each message. */
export const plainFamily: Omit<ChatFamily, "controlToken"> = {
  stop: ["\nUser:"],
  render: (messages) => {
    const name = (role: string) => `${role.charAt(0).toUpperCase()}${role.slice(1)}`;
    return `${messages.map(({ role, content }) => `${name(role)}: ${content}\n`).join("")}Assistant:`;
  },
};
