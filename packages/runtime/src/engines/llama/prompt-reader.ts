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

/** Most template failures to report individually. */
const MAX_FAILURES = 4;

/** A request in the form that the model reads. */
export interface Prompt extends ChatPrompt {
  tokens: readonly number[];
  /** Tokens that end the reply, in addition to the vocabulary's end tokens. */
  endTokens: readonly number[];
}

/** Converts requests to tokens. Control tokens come only from the template, never from messages or tool results. */
export class PromptReader {
  readonly #vocabulary: AddonModel;
  readonly #bos: number;
  readonly #texts: SafeTexts;
  readonly #model: ChatModel;
  #templateNotices: readonly string[] | undefined;
  #callForm: CallFormVerdict | undefined;
  /** Reasons why templates failed to write a prompt. */
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

  /** Form of the model's calls, and the reason for it. */
  get callForm(): CallFormVerdict {
    this.#callForm ??= learnCallForm(this.#model);
    return this.#callForm;
  }

  /** Whether determining the form of the calls requires rendering a template. */
  get learnsCallForm(): boolean {
    const { chatTemplate, toolTemplate } = this.#model;
    return this.#callForm === undefined && knowsTools(toolTemplate ?? chatTemplate);
  }

  /** Notices about features that the file's template lacks, and about prompts that it failed to write. */
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
          `The model's chat template failed to write a conversation: ${failure}. A simpler format was used, so replies may be worse. Use a newer file of this model.`,
      ),
    ];
  }

  /** Converts a request to text. */
  write(request: EngineRequest): ChatPrompt {
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
    if (prompt.failure !== null && this.#failures.size < MAX_FAILURES) this.#failures.add(prompt.failure);
    return prompt;
  }

  /** Converts a text to tokens. If it continues the cached text, the cached tokens are kept. */
  read(prompt: ChatPrompt, cache: PromptCache): Prompt {
    const tokens = cache.tokensOf(prompt.text, this.tokenize);
    return { ...prompt, tokens, endTokens: prompt.stop.flatMap((text) => this.#controlTokenOf(text)) };
  }

  /** Returns the control token that a text represents, or an empty list. */
  #controlTokenOf(text: string): number[] {
    const [token, ...others] = this.#vocabulary.tokenize(text, true);
    if (token === undefined || others.length > 0) return [];
    return (this.#vocabulary.getTokenAttributes(token) & CONTROL_TOKEN) === 0 ? [] : [token];
  }

  /** Returns the tokens of a prompt's text, or of a part after its beginning. */
  readonly tokenize = (text: string, isWhole: boolean): Iterable<number> => {
    const tokens = this.#vocabulary.tokenize(text, true);
    // A template may already write the BOS token.
    const lacksBos = isWhole && this.#vocabulary.shouldPrependBosToken() && tokens[0] !== this.#bos;
    return lacksBos ? [this.#bos, ...tokens] : tokens;
  };

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
