import { opensThought } from "../reasoning-marks.js";
import type { ThinkingSetting } from "../thinking-setting.js";
import { type ConversationKind, kindOf, type ProbeResult, probeOf, readProbe } from "./conversation-kind.js";
import { ChatJinja } from "./template/chat-jinja.js";
import { TemplateError } from "./template/template-error.js";
import { CONVERSATION_LIMITS, type TemplateLimits } from "./template/template-meter.js";
import { type TemplateConversation, type TemplateVariant, templateVariants, toVariables } from "./template-variant.js";
import { NO_SWITCH, type ThinkingSwitch, thinkingSwitches } from "./thinking-switches.js";

/** Limits for rendering a probe, which has a few lines. */
const PROBE_LIMITS: TemplateLimits = { steps: 200_000, characters: 2 ** 23, milliseconds: 250 };
/** Time limit for trying variants for one kind of conversation, in milliseconds. */
const PROBE_MILLISECONDS = 1000;

/** Templates of a model file, and their variables. */
export interface TemplateSources {
  /** Null if the file has no template. */
  chatTemplate: string | null;
  /** Separate template of the file for conversations with tools. Default: the general one. */
  toolTemplate?: string | null | undefined;
  bosToken: string;
  eosToken: string;
  /** Same as `engine.thinking`. Default: `auto`. */
  thinking?: ThinkingSetting | undefined;
}

/** How to pass conversations of a kind to the template, and the properties of the result. */
export interface TemplatePlan extends Omit<ProbeResult, "suffix"> {
  variant: TemplateVariant;
  /** Whether the prompt ends inside reasoning. */
  opensThought: boolean;
}

/**
 * Templates of a model. The variant that a template needs is not guessed from its source: a probe of the same kind, in
 * which every text is a marker, is rendered in one variant after another until all markers come out in order. Each kind
 * is probed once, when first needed.
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

  /** Renders a conversation in a given variant without checking the result. Throws {@link TemplateError}. */
  renderAs(variant: TemplateVariant, conversation: TemplateConversation, { goesOn = true } = {}): string {
    return this.#render(conversation, { variant, goesOn, limits: CONVERSATION_LIMITS, switched: this.thinking });
  }

  /**
   * Returns the plan for conversations of the same kind as this one. Throws {@link TemplateError} if no variant works.
   */
  planFor(conversation: TemplateConversation, ways?: Partial<TemplateVariant>): TemplatePlan {
    return this.plan(kindOf(conversation), ways);
  }

  /** Returns the plan for a kind of conversation in one of these ways. Default: any way. */
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

  /** The template's switch for the `thinking` setting. */
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
        // A template that cannot be parsed fails in every variant.
        if (this.#parsed.get(this.#sourceFor(probe)) instanceof TemplateError) break;
      }
      if (performance.now() > deadline) break;
    }
    return best ?? failure ?? new TemplateError("probing it takes too long");
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
      // A template that only copies the instructions ignores the switch.
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

/** Counts the optional parts of a conversation that a plan keeps. */
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

/** Appends a keyword for the template to the instructions. */
function withInstruction({ messages, tools }: TemplateConversation, instruction: string): TemplateConversation {
  const [first, ...rest] = messages;
  if (first?.role !== "system") return { messages: [{ role: "system", content: instruction }, ...messages], tools };
  return { messages: [{ ...first, content: `${first.content}\n${instruction}` }, ...rest], tools };
}
