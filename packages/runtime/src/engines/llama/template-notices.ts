import { knowsTools } from "./chat-template.js";
import { ModelTemplates, type TemplateSources } from "./model-templates.js";
import { TemplateError } from "./template/template-error.js";

/** A notice about a model's chat template, with a hint. */
export interface TemplateNotice {
  code: "chat-template-fails" | "chat-template-without-tools" | "thinking-not-switched";
  about: "model";
  message: string;
  hint: string;
}

const plain = {
  hasInstructions: false,
  hasTools: false,
  calls: 0,
  saysBesideCalls: false,
  endsWithResult: false,
} as const;
const NEWER_FILE = "Use a newer file of this model, or one from another source.";

/**
 * Lists the parts of a conversation that a model's templates cannot represent, with reasons. Needs no vocabulary,
 * because the results of the probes do not depend on the names of tokens.
 */
export function templateNotices(
  sources: Omit<TemplateSources, "bosToken" | "eosToken">,
  templates = new ModelTemplates({ ...sources, bosToken: "<s>", eosToken: "</s>" }),
): TemplateNotice[] {
  const { chatTemplate, toolTemplate = null, thinking = "auto" } = sources;
  if (chatTemplate === null && toolTemplate === null) return [];
  const failureOf = (kind: Parameters<ModelTemplates["plan"]>[0]): string | null => {
    try {
      templates.plan(kind);
      return null;
    } catch (error) {
      if (error instanceof TemplateError) return error.message;
      throw error;
    }
  };
  const failure = failureOf(plain) ?? failureOf({ ...plain, hasInstructions: true });
  if (failure !== null) {
    return [
      {
        code: "chat-template-fails",
        about: "model",
        message: `The model's chat template cannot be used: ${failure}. Conversations use a format that matches its vocabulary, and tools are described as text.`,
        hint: `Replies may be worse or may not end. ${NEWER_FILE}`,
      },
    ];
  }
  const notices: TemplateNotice[] = [];
  const toolFailure = knowsTools(toolTemplate ?? chatTemplate)
    ? (failureOf({ ...plain, hasInstructions: true, hasTools: true }) ??
      failureOf({ ...plain, hasTools: true, calls: 1 }) ??
      failureOf({ ...plain, hasTools: true, calls: 1, endsWithResult: true }))
    : null;
  if (toolFailure !== null) {
    notices.push({
      code: "chat-template-without-tools",
      about: "model",
      message: `The model's chat template cannot show tools: ${toolFailure}. They are described as text instead.`,
      hint: `Tool calls may be less reliable. ${NEWER_FILE}`,
    });
  }
  const { isMissing, onlyShortens = false } = templates.thinking;
  if (thinking !== "auto" && isMissing) {
    notices.push({
      code: "thinking-not-switched",
      about: "model",
      message: `engine.thinking is ${thinking}, but the model's chat template has no such switch, so the setting has no effect.`,
      hint: "Remove engine.thinking, or use a model with such a switch.",
    });
  } else if (thinking === "off" && onlyShortens) {
    notices.push({
      code: "thinking-not-switched",
      about: "model",
      message:
        "engine.thinking is off, but the model's chat template can only shorten reasoning. The shortest setting is used.",
      hint: "If replies still take too long, use a model whose thinking can be switched off.",
    });
  }
  return notices;
}
