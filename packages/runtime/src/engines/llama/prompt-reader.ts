import type { CallFormVerdict } from "../../tool-calls/own-call-form.js";
import type { EngineMessage, EngineRequest } from "../engine.js";
import { type ChatModel, type ChatPrompt, learnCallForm, renderChat } from "./chat-template.js";
import type { AddonModel } from "./llama-addon.js";
import type { PromptCache } from "./prompt-cache.js";
import { SafeTexts } from "./safe-texts.js";

/** A request as the model reads it. */
export interface Prompt extends ChatPrompt {
  tokens: readonly number[];
}

/** Turns requests into tokens: with the template's own control tokens, and none from what people and tools say. */
export class PromptReader {
  readonly #vocabulary: AddonModel;
  readonly #bos: number;
  readonly #texts: SafeTexts;
  readonly #model: ChatModel;
  #callForm: CallFormVerdict | undefined;

  constructor(vocabulary: AddonModel, chatTemplate: string | null) {
    this.#vocabulary = vocabulary;
    this.#bos = vocabulary.tokenBos();
    this.#texts = new SafeTexts(vocabulary);
    const eos = vocabulary.tokenEos();
    this.#model = {
      chatTemplate,
      bosToken: this.#bos >= 0 ? vocabulary.getTokenString(this.#bos) : "",
      eosToken: eos >= 0 ? vocabulary.getTokenString(eos) : "",
      isControlToken: (text) => this.#texts.controlTokensIn(text).length === 1,
    };
  }

  /** The form of the model's calls, and why it is that one. */
  get callForm(): CallFormVerdict {
    this.#callForm ??= learnCallForm(this.#model);
    return this.#callForm;
  }

  /** Reads a request. Where it goes on from what is in the cache, the tokens of the cache stay as they are. */
  read(request: EngineRequest, cache: PromptCache): Prompt {
    const { instructions, messages, tools = [] } = request;
    if (
      this.#model.callForm === undefined &&
      (tools.length > 0 || messages.some(({ tool_calls = [] }) => tool_calls.length > 0))
    ) {
      this.#model.callForm = this.callForm.form;
    }
    this.#texts.begin();
    const prompt = renderChat(this.#model, {
      ...request,
      instructions: instructions === null ? null : this.#texts.makeSafe(instructions),
      messages: messages.map((message) => this.#safeMessage(message)),
      tools: tools.map((tool) => this.#texts.makeDataSafe(tool)),
    });
    const tokens = cache.tokensOf(prompt.text, (text, isWhole) => this.#tokenize(text, isWhole));
    return { ...prompt, tokens };
  }

  #tokenize(text: string, isWhole: boolean): Iterable<number> {
    const tokens = this.#vocabulary.tokenize(text, true);
    // A template may have written the first token itself.
    const lacksBos = isWhole && this.#vocabulary.shouldPrependBosToken() && tokens[0] !== this.#bos;
    return lacksBos ? [this.#bos, ...tokens] : tokens;
  }

  #safeMessage(message: EngineMessage): EngineMessage {
    const { content, tool_calls, tool_call_id } = message;
    return {
      ...message,
      content: this.#texts.makeSafe(content),
      ...(tool_calls === undefined ? {} : { tool_calls: this.#texts.makeDataSafe(tool_calls) }),
      ...(tool_call_id === undefined ? {} : { tool_call_id: this.#texts.makeSafe(tool_call_id) }),
    };
  }
}
