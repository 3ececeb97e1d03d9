import type { GgufHeader } from "../formats/gguf/gguf-header.js";
import { CACHE_CELL_MULTIPLE, MIN_USEFUL_CONTEXT_TOKENS } from "../load-settings.js";

/** An assumption about a model, or a weakness of it, that its header shows. */
export interface ModelNotice {
  code:
    | "made-for-other-work"
    | "context-beyond-training"
    | "context-short"
    | "no-chat-template"
    | "no-end-token"
    | "no-pre-tokenizer"
    | "few-bits";
  /** The setting concerned. */
  about: "model" | "context";
  message: string;
  hint: string;
}

/** Types with about two bits per weight or less. */
const FEWEST_BITS: ReadonlySet<string> = new Set(["iq1_s", "iq1_m", "tq1_0", "tq2_0"]);
/** Architectures that are trained with such weights. */
const TRAINED_WITH_FEW_BITS: ReadonlySet<string | null> = new Set(["bitnet"]);

/**
 * Lists notices that people should see before they use a model, from its header alone. `contextTokens` is the requested
 * context; null means the trained length. `check`, `optimize` and `run` all use this function.
 */
export function modelNotices(header: GgufHeader, contextTokens: number | null): ModelNotice[] {
  const { shape, tokenizer, architecture, tensors } = header;
  const notices: ModelNotice[] = [];
  const trained = shape.context_length;
  if (contextTokens !== null && trained !== null && contextTokens > trained) {
    notices.push({
      code: "context-beyond-training",
      about: "context",
      message: `The context of ${contextTokens} tokens exceeds the ${trained} that the model was trained for. Replies break beyond that length.`,
      hint: `Use a context of ${trained} tokens or less.`,
    });
  }
  if (contextTokens !== null && contextTokens < Math.min(CACHE_CELL_MULTIPLE, trained ?? CACHE_CELL_MULTIPLE)) {
    notices.push({
      code: "context-short",
      about: "context",
      message: `A context of ${contextTokens} tokens is too short for a message and its reply: llama.cpp uses ${CACHE_CELL_MULTIPLE}.`,
      hint: `Use a context of ${Math.min(MIN_USEFUL_CONTEXT_TOKENS, trained ?? MIN_USEFUL_CONTEXT_TOKENS)} tokens or more.`,
    });
  }
  const [tag, work] = otherWork(header.purpose.tags) ?? [];
  if (tag !== undefined) {
    notices.push({
      code: "made-for-other-work",
      about: "model",
      message: `The model was made for ${work} (tag "${tag}"). Its replies may make no sense.`,
      hint: "Use a model that writes text, such as an instruct or chat model.",
    });
  }
  if (tokenizer.chat_template === null && Object.keys(tokenizer.named_chat_templates).length === 0) {
    notices.push({
      code: "no-chat-template",
      about: "model",
      message: "The model file has no chat template. One is guessed from its vocabulary.",
      hint: "If replies make no sense or do not end, use a file of the instruct or chat version with its template.",
    });
  }
  if (tokenizer.model === "gpt2" && !namesEnd(tokenizer)) {
    notices.push({
      code: "no-end-token",
      about: "model",
      message: "The model file has no end-of-reply token. Replies may continue up to their limit.",
      hint: "Use a newer file of this model.",
    });
  }
  if (tokenizer.model === "gpt2" && !tokenizer.pre) {
    notices.push({
      code: "no-pre-tokenizer",
      about: "model",
      message: "The model file does not name its pre-tokenizer. The default one is used, and replies may be worse.",
      hint: "Use a newer file of this model.",
    });
  }
  const all = tensors.reduce((sum, { weights }) => sum + weights, 0);
  const few = tensors.reduce((sum, { type, weights }) => sum + (FEWEST_BITS.has(type) ? weights : 0), 0);
  if (few > all / 2 && !TRAINED_WITH_FEW_BITS.has(architecture)) {
    notices.push({
      code: "few-bits",
      about: "model",
      message: "Most weights have less than 2.1 bits. Replies are much worse, unless the model was trained that way.",
      hint: "Use a file of this model with 4 bits per weight, or a smaller model.",
    });
  }
  return notices;
}

function namesEnd({ eos_token_id, eot_token_id, token_count }: GgufHeader["tokenizer"]): boolean {
  return [eos_token_id, eot_token_id].some((id) => id !== null && id < (token_count ?? 0));
}

/** Tags on model hubs for models with another purpose than writing text. */
const OTHER_WORK: Readonly<Record<string, string>> = {
  "sentence-similarity": "comparing texts",
  "sentence-transformers": "turning texts into numbers",
  "feature-extraction": "turning texts into numbers",
  "text-embeddings-inference": "turning texts into numbers",
  "text-ranking": "ranking texts",
  reranker: "ranking texts",
  "text-classification": "classifying texts",
  "token-classification": "classifying words",
  "zero-shot-classification": "classifying texts",
  "fill-mask": "filling gaps in texts",
  "text-to-image": "generating images",
  "text-to-speech": "speech synthesis",
  "automatic-speech-recognition": "speech recognition",
};
/** Tags of models that write text, among other purposes. */
const WRITES = new Set(["text-generation", "conversational", "image-text-to-text", "chat", "text2text-generation"]);

function otherWork(tags: readonly string[]): [tag: string, work: string] | null {
  if (tags.some((tag) => WRITES.has(tag.toLowerCase()))) return null;
  for (const tag of tags) {
    const name = tag.toLowerCase();
    if (Object.hasOwn(OTHER_WORK, name)) return [tag, OTHER_WORK[name] ?? ""];
  }
  return null;
}
