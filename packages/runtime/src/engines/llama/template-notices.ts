import { knowsTools } from "./chat-template.js";
import { ModelTemplates, type TemplateSources } from "./model-templates.js";
import { TemplateError } from "./template/template-error.js";

/** A sentence about a model's chat template, and one that says what to do. */
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
const NEWER_FILE = "Take a newer file of this model, or one from another source.";

/**
 * Lists what of a conversation a model's templates cannot show, and why. It needs no vocabulary: the marks of the probes are
 * the same whatever the tokens are called.
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
        message: `The model's chat template cannot be used: ${failure}. Conversations are written in the format that its vocabulary suggests, and tools are described in plain words.`,
        hint: `Replies may be worse, or not end. ${NEWER_FILE}`,
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
      message: `The model's chat template cannot show tools: ${toolFailure}. They are described in plain words instead.`,
      hint: `The model may call them less well. ${NEWER_FILE}`,
    });
  }
  const { isMissing, onlyShortens = false } = templates.thinking;
  if (thinking !== "auto" && isMissing) {
    notices.push({
      code: "thinking-not-switched",
      about: "model",
      message: `engine.thinking is ${thinking}, but the model's chat template has no switch for it: the model thinks as it was trained to.`,
      hint: "Leave engine.thinking out, or take a model that can be switched.",
    });
  } else if (thinking === "off" && onlyShortens) {
    notices.push({
      code: "thinking-not-switched",
      about: "model",
      message:
        "engine.thinking is off, but the model's chat template can only make thoughts shorter: it asks for the shortest.",
      hint: "Take a model whose thinking can be switched off, if it still takes too long.",
    });
  }
  return notices;
}
