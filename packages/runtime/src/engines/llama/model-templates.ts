import { opensThought } from "../reasoning-marks.js";
import type { ThinkingSetting } from "../thinking-setting.js";
import { type ConversationKind, kindOf, type ProbeResult, probeOf, readProbe } from "./conversation-kind.js";
import { ChatJinja } from "./template/chat-jinja.js";
import { TemplateError } from "./template/template-error.js";
import { CONVERSATION_LIMITS, type TemplateLimits } from "./template/template-meter.js";
import { type TemplateConversation, type TemplateVariant, templateVariants, toVariables } from "./template-variant.js";
import { NO_SWITCH, type ThinkingSwitch, thinkingSwitches } from "./thinking-switches.js";

/** Limits of one rendering of a probe, which is a few lines long. */
const PROBE_LIMITS: TemplateLimits = { steps: 200_000, characters: 2 ** 23, milliseconds: 250 };
/** Time after which no other variant is tried for a kind of conversation, in milliseconds. */
const PROBE_MILLISECONDS = 1000;

/** The templates of a model file, and the texts that they are given. */
export interface TemplateSources {
  /** Null where the file has none. */
  chatTemplate: string | null;
  /** The file's template for conversations with tools. Default: the one for all. */
  toolTemplate?: string | null | undefined;
  bosToken: string;
  eosToken: string;
  /** As `engine.thinking`. Default: `auto`. */
  thinking?: ThinkingSetting | undefined;
}

/** How conversations of a kind are given to the template, and what it makes of them. */
export interface TemplatePlan extends Omit<ProbeResult, "suffix"> {
  variant: TemplateVariant;
  /** Whether the reply begins inside of a thought. */
  opensThought: boolean;
}

/**
 * The templates of a model. How a template wants a conversation is not guessed from its text: a probe of the same kind, in
 * which every text is a mark, is rendered in one variant after another until all marks come out in their order. Each kind
 * is probed once, when it is first needed.
 */
export class ModelTemplates {
  readonly #sources: TemplateSources;
  readonly #parsed = new Map<string, ChatJinja | TemplateError>();
  readonly #plans = new Map<string, TemplatePlan | TemplateError>();
  #switch: ThinkingSwitch | null = null;

  constructor(sources: TemplateSources) {
    this.#sources = sources;
  }

  /** Renders a conversation up to the beginning of the reply, in one of these ways. Throws {@link TemplateError}. */
  render(conversation: TemplateConversation, ways?: Partial<TemplateVariant>): string {
    return this.renderAs(this.planFor(conversation, ways).variant, conversation);
  }

  /** Renders a conversation in a variant, whatever becomes of it. Throws {@link TemplateError}. */
  renderAs(variant: TemplateVariant, conversation: TemplateConversation, { goesOn = true } = {}): string {
    return this.#render(conversation, { variant, goesOn, limits: CONVERSATION_LIMITS, switched: this.thinking });
  }

  /** Returns how conversations of the same kind as this one are rendered. Throws {@link TemplateError} where none works. */
  planFor(conversation: TemplateConversation, ways?: Partial<TemplateVariant>): TemplatePlan {
    return this.plan(kindOf(conversation), ways);
  }

  /** Returns how conversations of a kind are rendered in one of these ways. Default: in any. */
  plan(kind: ConversationKind, ways: Partial<TemplateVariant> = {}): TemplatePlan {
    const key = JSON.stringify([kind, ways]);
    let plan = this.#plans.get(key);
    if (plan === undefined) {
      plan = this.#probe(kind, ways);
      this.#plans.set(key, plan);
    }
    if (plan instanceof TemplateError) throw plan;
    return plan;
  }

  /** The switch of the template that the setting of `thinking` uses. */
  get thinking(): ThinkingSwitch {
    const { thinking = "auto" } = this.#sources;
    if (thinking === "auto") return NO_SWITCH;
    this.#switch ??= this.#findSwitch(thinking);
    return this.#switch;
  }

  #probe(kind: ConversationKind, ways: Partial<TemplateVariant>): TemplatePlan | TemplateError {
    const deadline = performance.now() + PROBE_MILLISECONDS;
    const probe = probeOf(kind);
    let best: TemplatePlan | null = null;
    let failure: TemplateError | null = null;
    for (const variant of templateVariants(kind.hasTools || kind.calls > 0, ways)) {
      try {
        const text = this.#render(probe, { variant, switched: this.thinking });
        const read = readProbe(kind, text);
        if (typeof read === "string") throw new TemplateError(`it ${read}`);
        const { suffix, ...result } = read;
        const plan = { variant, ...result, opensThought: opensThought(suffix) };
        if (best === null || worth(plan) > worth(best)) best = plan;
        if (worth(plan) === 2) break;
      } catch (error) {
        failure ??= error as TemplateError;
        if (!(error instanceof TemplateError)) throw error;
        // What cannot be read is not read in any other way.
        if (this.#parsed.get(this.#sourceFor(probe)) instanceof TemplateError) break;
      }
      if (performance.now() > deadline) break;
    }
    return best ?? failure ?? new TemplateError("it takes too long");
  }

  #findSwitch(setting: "on" | "off"): ThinkingSwitch {
    const kind = {
      hasInstructions: true,
      hasTools: false,
      calls: 0,
      saysBesideCalls: false,
      endsWithResult: false,
    } as const;
    const render = (switched: ThinkingSwitch, kindNow: ConversationKind = kind) => {
      const probe = probeOf(kindNow);
      for (const variant of templateVariants(false)) {
        try {
          return this.#render(probe, { variant, switched });
        } catch (error) {
          if (!(error instanceof TemplateError)) throw error;
        }
      }
      return null;
    };
    for (const { on, off } of thinkingSwitches) {
      const [thinks, answers] = [render(on), render(off)];
      if (thinks === null || answers === null) continue;
      const bare = (text: string, { instruction }: ThinkingSwitch) =>
        instruction === null ? text : text.replaceAll(`\n${instruction}`, "").replaceAll(instruction, "");
      // A template that only repeats the words of the instructions takes no notice of them.
      if (bare(thinks, on) === bare(answers, off)) continue;
      return setting === "on" ? on : off;
    }
    return { ...NO_SWITCH, isMissing: true };
  }

  #sourceFor({ tools, messages }: TemplateConversation): string {
    const { chatTemplate, toolTemplate } = this.#sources;
    const isForTools = tools.length > 0 || messages.some(({ tool_calls }) => tool_calls !== undefined);
    const source = isForTools ? (toolTemplate ?? chatTemplate) : (chatTemplate ?? toolTemplate);
    if (source == null) throw new TemplateError("the file has no template");
    return source;
  }

  #render(
    given: TemplateConversation,
    {
      variant,
      goesOn = true,
      limits = PROBE_LIMITS,
      switched,
    }: { variant: TemplateVariant; goesOn?: boolean; limits?: TemplateLimits; switched: ThinkingSwitch },
  ): string {
    const source = this.#sourceFor(given);
    let template = this.#parsed.get(source);
    if (template === undefined) {
      template = parse(source);
      this.#parsed.set(source, template);
    }
    if (template instanceof TemplateError) throw template;
    const { bosToken, eosToken } = this.#sources;
    const conversation = switched.instruction === null ? given : withInstruction(given, switched.instruction);
    return template.render(
      {
        ...switched.variables,
        ...toVariables(conversation, variant),
        add_generation_prompt: goesOn,
        bos_token: bosToken,
        eos_token: eosToken,
      },
      limits,
    );
  }
}

/** How much of a conversation a plan keeps beyond what it must. */
function worth({ showsTools, keepsWordsBesideCalls }: ProbeResult | TemplatePlan): number {
  return Number(showsTools) + Number(keepsWordsBesideCalls);
}

function parse(source: string): ChatJinja | TemplateError {
  try {
    return new ChatJinja(source);
  } catch (error) {
    if (error instanceof TemplateError) return error;
    throw error;
  }
}

/** Puts a word that the template looks for at the end of the instructions. */
function withInstruction({ messages, tools }: TemplateConversation, instruction: string): TemplateConversation {
  const [first, ...rest] = messages;
  if (first?.role !== "system") return { messages: [{ role: "system", content: instruction }, ...messages], tools };
  return { messages: [{ ...first, content: `${first.content}\n${instruction}` }, ...rest], tools };
}
