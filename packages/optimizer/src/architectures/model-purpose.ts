import type { GgufHeader } from "../formats/gguf/gguf-header.js";
import { LOADABLE_ARCHITECTURES, PRE_TOKENIZERS, TOKENIZERS } from "./loadable-architectures.js";

/** The reason why a file cannot hold a conversation: the end of a sentence that begins with "the file". */
export interface UnfitPurpose {
  problem: string;
  hint: string;
}

const CHAT_HINT = "Use a model that writes text, such as an instruct or chat model.";
const BASE_MODEL_HINT = "Use the language model that it belongs to.";
const EMBEDS = "is an embedding model, which does not write text";
const RANKS = "is a reranker, which does not write text";
const DIFFUSES_TEXT = "is a diffusion model for text, which does not write from left to right";
const DRAFTS = "is a draft head, which only predicts tokens for another model";
const PAINTS = "is a model that generates images or videos";
const SPEAKS = "is a speech model: it turns text into audio, or audio into text";
const PROJECTS = "is a projector for images or audio (mmproj), which belongs to a language model";

/** Architectures whose models cannot hold a conversation, even if llama.cpp loads them. */
const PURPOSES: Readonly<Record<string, readonly string[]>> = {
  [EMBEDS]: [
    ..."bert modern-bert nomic-bert nomic-bert-moe neo-bert jina-bert-v2 jina-bert-v3 eurobert".split(" "),
    ..."gemma-embedding llama-embed t5encoder".split(" "),
  ],
  "is an encoder–decoder model, which is not supported": ["t5"],
  [DIFFUSES_TEXT]: ["dream", "llada", "llada-moe", "rnd1"],
  [DRAFTS]: ["eagle3", "dflash", "gemma4-assistant"],
  [SPEAKS]: ["wavtokenizer-dec", "qwen3tts", "pockettts", "whisper", "bark", "kokoro", "parler-tts", "dia", "outetts"],
  [PAINTS]: "flux sd1 sd2 sd3 sdxl aura ltxv hyvid wan cosmos hidream lumina2 qwen_image z_image chroma".split(" "),
  [PROJECTS]: ["clip"],
  "is a control vector, which only steers another model": ["controlvector"],
  "is an importance matrix, which only helps to quantize a model": ["imatrix"],
};

/** The `general.type` of a calibration file, which is loaded to measure speed but cannot write text. */
export const CALIBRATION_TYPE = "calibration";

/** Returns why a model cannot hold a conversation; null if it can. */
export function unfitPurpose(header: GgufHeader): UnfitPurpose | null {
  const { architecture, purpose, tensors, tokenizer } = header;
  const has = (name: RegExp) => tensors.some((tensor) => name.test(tensor.name));
  if (purpose.type === "adapter" || has(/\.lora_[ab]$/)) {
    const hint = "Merge it into its base model with llama-export-lora, and use the resulting file.";
    return { problem: "is a LoRA adapter, not a complete model", hint };
  }
  if (purpose.type === "mmproj") return { problem: PROJECTS, hint: BASE_MODEL_HINT };
  if (purpose.type === "imatrix") return unfitFor("imatrix");
  if (purpose.type === CALIBRATION_TYPE) return null;
  if (architecture === null) return null;
  const named = unfitFor(architecture);
  if (named !== null) return named;
  if (tensors.length === 0) {
    return tokenizer.token_count === null
      ? null
      : { problem: "contains a vocabulary but no weights", hint: "Use the file of the complete model." };
  }
  if (!LOADABLE_ARCHITECTURES.has(architecture)) {
    return {
      problem: `has the architecture ${JSON.stringify(architecture)}, which this version of llama.cpp does not support`,
      hint: "Update nanoagent, or use a model of another architecture.",
    };
  }
  if (has(/^(v|a|mm)\./)) {
    return {
      problem: "contains an image or audio part beside the language model, which llama.cpp loads from separate files",
      hint: "Use a file without that part, as created by convert_hf_to_gguf.py of llama.cpp. Ollama files contain both.",
    };
  }
  if (purpose.pooling === RANK_POOLING) return { problem: RANKS, hint: CHAT_HINT };
  if (purpose.pooling !== null && purpose.pooling !== 0) return { problem: EMBEDS, hint: CHAT_HINT };
  if (purpose.label_count || has(/^cls\./)) {
    return { problem: "is a classifier, which does not write text", hint: CHAT_HINT };
  }
  if (purpose.causal === false) {
    return { problem: "is an encoder without causal attention, which does not write text", hint: CHAT_HINT };
  }
  return unfitTokenizer(header);
}

/** llama.cpp's number of the pooling type of rerankers. */
const RANK_POOLING = 4;

function unfitFor(architecture: string): UnfitPurpose | null {
  const [problem] = Object.entries(PURPOSES).find(([, names]) => names.includes(architecture)) ?? [];
  if (problem === undefined) return null;
  return { problem, hint: problem === PROJECTS || problem === DRAFTS ? BASE_MODEL_HINT : CHAT_HINT };
}

function unfitTokenizer({ tokenizer: { model, pre, token_count, merge_count } }: GgufHeader): UnfitPurpose | null {
  const hint = "Use another file of this model that contains its tokenizer.";
  if (model === null || model === "none" || model === "no_vocab" || token_count === null || token_count === 0) {
    return { problem: "has no tokenizer", hint };
  }
  const update = "Update nanoagent, or use a file of this model for an earlier version of llama.cpp.";
  if (!TOKENIZERS.has(model)) {
    const problem = `has the tokenizer ${JSON.stringify(model)}, which this version of llama.cpp does not support`;
    return { problem, hint: update };
  }
  if (model !== "gpt2") return null;
  if (merge_count === null) return { problem: "has a tokenizer without merges, which llama.cpp refuses", hint };
  if (pre === null || pre === "" || PRE_TOKENIZERS.has(pre)) return null;
  const problem = `has the pre-tokenizer ${JSON.stringify(pre)}, which this version of llama.cpp does not support`;
  return { problem, hint: update };
}
