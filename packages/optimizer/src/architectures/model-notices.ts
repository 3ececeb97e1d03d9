import type { GgufHeader } from "../formats/gguf/gguf-header.js";
import { CACHE_CELL_MULTIPLE, MIN_USEFUL_CONTEXT_TOKENS } from "../load-settings.js";

/** Something that is assumed for a model, or that it is worse for, and that its header tells. */
export interface ModelNotice {
  code:
    | "made-for-other-work"
    | "context-beyond-training"
    | "context-short"
    | "no-chat-template"
    | "no-end-token"
    | "no-pre-tokenizer"
    | "few-bits";
  /** The setting that it is about. */
  about: "model" | "context";
  message: string;
  hint: string;
}

/** Types of less than two bits a weight. */
const FEWEST_BITS: ReadonlySet<string> = new Set(["iq1_s", "iq1_m", "tq1_0", "tq2_0"]);
/** Models that were trained with such weights. */
const TRAINED_WITH_FEW_BITS: ReadonlySet<string | null> = new Set(["bitnet"]);

/**
 * Lists what people should know of a model before they use it, from its header alone. `contextTokens` is the context
 * that is asked for; null: as much as the model was trained for. `check`, `optimize` and `run` all say it from here.
 */
export function modelNotices(header: GgufHeader, contextTokens: number | null): ModelNotice[] {
  const { shape, tokenizer, architecture, tensors } = header;
  const notices: ModelNotice[] = [];
  const trained = shape.context_length;
  if (contextTokens !== null && trained !== null && contextTokens > trained) {
    notices.push({
      code: "context-beyond-training",
      about: "context",
      message: `The context of ${contextTokens} tokens is longer than the ${trained} that the model was trained for: replies break beyond that length.`,
      hint: `Use a context of ${trained} tokens or less.`,
    });
  }
  if (contextTokens !== null && contextTokens < Math.min(CACHE_CELL_MULTIPLE, trained ?? CACHE_CELL_MULTIPLE)) {
    notices.push({
      code: "context-short",
      about: "context",
      message: `A context of ${contextTokens} tokens has no room for a message and its reply: llama.cpp makes it ${CACHE_CELL_MULTIPLE}.`,
      hint: `Use a context of ${Math.min(MIN_USEFUL_CONTEXT_TOKENS, trained ?? MIN_USEFUL_CONTEXT_TOKENS)} tokens or more.`,
    });
  }
  const [tag, work] = otherWork(header.purpose.tags) ?? [];
  if (tag !== undefined) {
    notices.push({
      code: "made-for-other-work",
      about: "model",
      message: `The model was made for ${work}, as its tag "${tag}" says: its replies may make no sense.`,
      hint: "Take a model that was made to write text, such as an instruct or chat model.",
    });
  }
  if (tokenizer.chat_template === null && Object.keys(tokenizer.named_chat_templates).length === 0) {
    notices.push({
      code: "no-chat-template",
      about: "model",
      message: "The model file has no chat template: how it marks who says what is guessed from its vocabulary.",
      hint: "If replies make no sense or do not end, take a file of the model's instruct or chat version with its template.",
    });
  }
  if (tokenizer.model === "gpt2" && !namesEnd(tokenizer)) {
    notices.push({
      code: "no-end-token",
      about: "model",
      message: "The model file names no token that ends a reply: replies may go on up to their limit.",
      hint: "Take a newer file of this model.",
    });
  }
  if (tokenizer.model === "gpt2" && !tokenizer.pre) {
    notices.push({
      code: "no-pre-tokenizer",
      about: "model",
      message:
        "The model file does not name its pre-tokenizer: text is cut in a default way, and replies may be worse.",
      hint: "Take a newer file of this model.",
    });
  }
  const all = tensors.reduce((sum, { weights }) => sum + weights, 0);
  const few = tensors.reduce((sum, { type, weights }) => sum + (FEWEST_BITS.has(type) ? weights : 0), 0);
  if (few > all / 2 && !TRAINED_WITH_FEW_BITS.has(architecture)) {
    notices.push({
      code: "few-bits",
      about: "model",
      message:
        "Most weights are stored in less than 2.1 bits: unless the model was trained so, replies are much worse.",
      hint: "Take a file of this model with 4 bits a weight, or a smaller model.",
    });
  }
  return notices;
}

function namesEnd({ eos_token_id, eot_token_id, token_count }: GgufHeader["tokenizer"]): boolean {
  return [eos_token_id, eot_token_id].some((id) => id !== null && id < (token_count ?? 0));
}

/** Tags of models that were made for other work than writing text, as authors give them on model hubs. */
const OTHER_WORK: Readonly<Record<string, string>> = {
  "sentence-similarity": "comparing texts",
  "sentence-transformers": "turning texts into numbers",
  "feature-extraction": "turning texts into numbers",
  "text-embeddings-inference": "turning texts into numbers",
  "text-ranking": "ranking texts",
  reranker: "ranking texts",
  "text-classification": "giving texts labels",
  "token-classification": "giving words labels",
  "zero-shot-classification": "giving texts labels",
  "fill-mask": "filling gaps in texts",
  "text-to-image": "making pictures",
  "text-to-speech": "speaking",
  "automatic-speech-recognition": "writing down speech",
};
/** Tags of models that write text, whatever else they are for. */
const WRITES = new Set(["text-generation", "conversational", "image-text-to-text", "chat", "text2text-generation"]);

function otherWork(tags: readonly string[]): [tag: string, work: string] | null {
  if (tags.some((tag) => WRITES.has(tag.toLowerCase()))) return null;
  for (const tag of tags) {
    const name = tag.toLowerCase();
    if (Object.hasOwn(OTHER_WORK, name)) return [tag, OTHER_WORK[name] ?? ""];
  }
  return null;
}
