import type { CallFormVerdict } from "../../tool-calls/own-call-form.js";
import type { EngineMessage, EngineRequest } from "../engine.js";
import {
  type ChatModel,
  type ChatPrompt,
  knowsTools,
  learnCallForm,
  renderChat,
  templatesOf,
} from "./chat-template.js";
import { type AddonModel, CONTROL_TOKEN } from "./llama-addon.js";
import type { TemplateSources } from "./model-templates.js";
import type { PromptCache } from "./prompt-cache.js";
import { SafeTexts } from "./safe-texts.js";
import { templateNotices } from "./template-notices.js";

/** Most failures of the template that are told apart. */
const MAX_FAILURES = 4;

/** A request as the model reads it. */
export interface Prompt extends ChatPrompt {
  tokens: readonly number[];
  /** Tokens that end the reply, beside those that the vocabulary says do. */
  endTokens: readonly number[];
}

/** Turns requests into tokens: with the template's own control tokens, and none from what people and tools say. */
export class PromptReader {
  readonly #vocabulary: AddonModel;
  readonly #bos: number;
  readonly #texts: SafeTexts;
  readonly #model: ChatModel;
  #templateNotices: readonly string[] | undefined;
  #callForm: CallFormVerdict | undefined;
  /** Why templates did not write a prompt that they should have written. */
  readonly #failures = new Set<string>();

  constructor(vocabulary: AddonModel, templates: Omit<TemplateSources, "bosToken" | "eosToken">) {
    this.#vocabulary = vocabulary;
    this.#bos = vocabulary.tokenBos();
    this.#texts = new SafeTexts(vocabulary);
    const eos = vocabulary.tokenEos();
    this.#model = {
      ...templates,
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

  /** Whether the form of the calls is found only by having a template write some. */
  get learnsCallForm(): boolean {
    const { chatTemplate, toolTemplate } = this.#model;
    return this.#callForm === undefined && knowsTools(toolTemplate ?? chatTemplate);
  }

  /** Sentences about what the file's own template cannot write, and about prompts that it could not write. */
  get notices(): readonly string[] {
    this.#templateNotices ??= templateNotices(this.#model, templatesOf(this.#model)).map(
      ({ message, hint }) => `${message} ${hint}`,
    );
    const known = this.#templateNotices;
    const failures = [...this.#failures].filter((failure) => !known.some((notice) => notice.includes(failure)));
    return [
      ...known,
      ...failures.map(
        (failure) =>
          `The model's chat template could not write a conversation: ${failure}. It was written in a plainer form, and replies may be worse. Take a newer file of this model.`,
      ),
    ];
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
    if (prompt.failure !== null && this.#failures.size < MAX_FAILURES) this.#failures.add(prompt.failure);
    return { ...prompt, tokens, endTokens: prompt.stop.flatMap((text) => this.#controlTokenOf(text)) };
  }

  /** Returns the control token that a text is, or nothing where it is none. */
  #controlTokenOf(text: string): number[] {
    const [token, ...others] = this.#vocabulary.tokenize(text, true);
    if (token === undefined || others.length > 0) return [];
    return (this.#vocabulary.getTokenAttributes(token) & CONTROL_TOKEN) === 0 ? [] : [token];
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
