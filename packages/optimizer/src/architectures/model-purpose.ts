import type { GgufHeader } from "../formats/gguf/gguf-header.js";
import { LOADABLE_ARCHITECTURES, PRE_TOKENIZERS, TOKENIZERS } from "./loadable-architectures.js";

/** The reason why a file cannot hold a conversation: the end of a sentence that begins with "the file". */
export interface UnfitPurpose {
  problem: string;
  hint: string;
}

const CHAT_HINT = "Name a model that was made to write text, such as an instruct or chat model.";
const BASE_MODEL_HINT = "Name the language model that it belongs to.";
const EMBEDS = "is an embedding model: it turns text into numbers and writes no text";
const RANKS = "is a reranker: it compares texts and writes none";
const DIFFUSES_TEXT = "is a diffusion model for text, which does not write from left to right";
const DRAFTS = "is a draft head: it only guesses ahead for another model";
const PAINTS = "is a model that makes pictures or films";
const SPEAKS = "is a speech model: it turns text into sound, or sound into text";
const PROJECTS = "is a projector for pictures or sound (mmproj), which belongs to a language model";

/** Architectures whose models write no conversation, whether llama.cpp loads them or not. */
const PURPOSES: Readonly<Record<string, readonly string[]>> = {
  [EMBEDS]: [
    ..."bert modern-bert nomic-bert nomic-bert-moe neo-bert jina-bert-v2 jina-bert-v3 eurobert".split(" "),
    ..."gemma-embedding llama-embed t5encoder".split(" "),
  ],
  "is an encoder–decoder model, which translates or sums up and needs another way of running": ["t5"],
  [DIFFUSES_TEXT]: ["dream", "llada", "llada-moe", "rnd1"],
  [DRAFTS]: ["eagle3", "dflash", "gemma4-assistant"],
  [SPEAKS]: ["wavtokenizer-dec", "qwen3tts", "pockettts", "whisper", "bark", "kokoro", "parler-tts", "dia", "outetts"],
  [PAINTS]: "flux sd1 sd2 sd3 sdxl aura ltxv hyvid wan cosmos hidream lumina2 qwen_image z_image chroma".split(" "),
  [PROJECTS]: ["clip"],
  "is a control vector, which only steers another model": ["controlvector"],
  "is an importance matrix, which only helps to quantize a model": ["imatrix"],
};

/** The `general.type` of a file that is made to measure speed: it is loaded and computed with, and writes no text. */
export const CALIBRATION_TYPE = "calibration";

/** Says of a header why its model cannot answer here; null for one that can. */
export function unfitPurpose(header: GgufHeader): UnfitPurpose | null {
  const { architecture, purpose, tensors, tokenizer } = header;
  const has = (name: RegExp) => tensors.some((tensor) => name.test(tensor.name));
  if (purpose.type === "adapter" || has(/\.lora_[ab]$/)) {
    const hint = "Merge it into its base model with llama-export-lora, and name the file that comes out.";
    return { problem: "is a LoRA adapter, and not a whole model", hint };
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
      : { problem: "holds a vocabulary and no weights", hint: "Name the file of the whole model." };
  }
  if (!LOADABLE_ARCHITECTURES.has(architecture)) {
    return {
      problem: `is of the architecture ${JSON.stringify(architecture)}, which this version of llama.cpp does not load`,
      hint: "Update nanoagent, or take a model of another architecture.",
    };
  }
  if (has(/^(v|a|mm)\./)) {
    return {
      problem: "holds a part for pictures or sound beside the language model, and llama.cpp loads these apart",
      hint: "Take a file of this model without it, as llama.cpp's convert_hf_to_gguf.py makes; files of Ollama have both in one.",
    };
  }
  if (purpose.pooling === RANK_POOLING) return { problem: RANKS, hint: CHAT_HINT };
  if (purpose.pooling !== null && purpose.pooling !== 0) return { problem: EMBEDS, hint: CHAT_HINT };
  if (purpose.label_count || has(/^cls\./)) {
    return { problem: "is a classifier: it gives texts labels or grades and writes none", hint: CHAT_HINT };
  }
  if (purpose.causal === false) {
    return { problem: "is an encoder, without causal attention: it reads text and writes none", hint: CHAT_HINT };
  }
  return unfitTokenizer(header);
}

/** llama.cpp's number of the pooling that gives a text one grade. */
const RANK_POOLING = 4;

function unfitFor(architecture: string): UnfitPurpose | null {
  const [problem] = Object.entries(PURPOSES).find(([, names]) => names.includes(architecture)) ?? [];
  if (problem === undefined) return null;
  return { problem, hint: problem === PROJECTS || problem === DRAFTS ? BASE_MODEL_HINT : CHAT_HINT };
}

function unfitTokenizer({ tokenizer: { model, pre, token_count, merge_count } }: GgufHeader): UnfitPurpose | null {
  const hint = "Take another file of this model, which has its tokenizer in it.";
  if (model === null || model === "none" || model === "no_vocab" || token_count === null || token_count === 0) {
    return { problem: "has no tokenizer, so that no text can be read or written with it", hint };
  }
  const update = "Update nanoagent, or take a file of this model that an earlier llama.cpp can read.";
  if (!TOKENIZERS.has(model)) {
    const problem = `has a tokenizer of the kind ${JSON.stringify(model)}, which this version of llama.cpp does not know`;
    return { problem, hint: update };
  }
  if (model !== "gpt2") return null;
  if (merge_count === null) return { problem: "has a tokenizer without merges, which llama.cpp refuses", hint };
  if (pre === null || pre === "" || PRE_TOKENIZERS.has(pre)) return null;
  const problem = `has a pre-tokenizer named ${JSON.stringify(pre)}, which this version of llama.cpp does not know`;
  return { problem, hint: update };
}
