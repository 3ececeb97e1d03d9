// Names that llama.cpp, as packaged by node-llama-cpp 3.22.1, supports. `loadable-architectures.test.ts` compares them
// with the library.

/** Supported architectures, by the name in `general.architecture`. */
export const LOADABLE_ARCHITECTURES: ReadonlySet<string> = new Set(
  `llama llama4 deci falcon grok gpt2 gptj gptneox mpt baichuan starcoder refact bert modern-bert nomic-bert
  nomic-bert-moe neo-bert jina-bert-v2 jina-bert-v3 eurobert bloom stablelm qwen qwen2 qwen2moe qwen2vl qwen3 qwen3moe
  qwen3next qwen3vl qwen3vlmoe qwen35 qwen35moe qwen4exp phi2 phi3 phimoe plamo plamo2 plamo3 codeshell orion internlm2
  minicpm minicpm3 gemma gemma2 gemma3 gemma3n gemma4 gemma4-assistant gemma-embedding starcoder2 mamba mamba2 maple jamba
  falcon-h1 xverse command-r cohere2 cohere2moe dbrx olmo olmo2 olmoe muse-glimmer openelm arctic deepseek deepseek2
  deepseek2-ocr deepseek32 deepseek4 chatglm glm4 glm4moe glm-dsa bitnet t5 t5encoder jais jais2 nemotron nemotron_h
  nemotron_h_moe exaone exaone4 exaone-moe rwkv6 rwkv6qwen2 rwkv7 arwkv7 granite granitemoe granitehybrid graniteswitch
  granite_swa chameleon wavtokenizer-dec plm bailingmoe bailingmoe2 bailingmoe3 dots1 dots3note arcee afmoe laguna
  ernie4_5 ernie4_5-moe hunyuan-moe hunyuan-dense hunyuan_vl hy_v3 hy_v4 smollm3 gpt-oss lfm2 lfm2moe dream smallthinker
  llada llada-moe seed_oss grovemoe apertus minimax-01 hrm_text minimax-m2 minimax-m3 cogvlm rnd1 pangu-embedded mistral3
  eagle3 dflash mistral4 paddleocr mimo2 step35 spark2_5 llama-embed maincoder kimi-linear kimi-k3 talkie mellum nanbeige
  qwen3tts pockettts`.split(/\s+/),
);

/** Supported tokenizers, by the name in `tokenizer.ggml.model`. */
export const TOKENIZERS: ReadonlySet<string> = new Set([
  "llama",
  "bert",
  "gpt2",
  "t5",
  "rwkv",
  "plamo2",
  "gemma4",
  "hybriddna",
]);

/** Supported pre-tokenizers of byte-level BPE, by the name in `tokenizer.ggml.pre`. */
export const PRE_TOKENIZERS: ReadonlySet<string> = new Set(
  `default whitespace minicpm5 llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano
  deepseek-llm deepseek-coder deepseek-v3 spark2_5 youtu falcon mpt starcoder gpt-2 phi-2 jina-es jina-de gigachat
  jina-v2-es jina-v2-de a.x-4.0 mellum mellum2 modern-bert jais jais-2 gemma4 granite-embed-multi-311m sarvam-moe
  jina-v1-en jina-v2-code roberta-bpe refact command-r qwen2 qwen35 deepseek-r1-qwen kormo f2llmv2 stablelm2 olmo dbrx
  smaug-bpe poro-chat glm4 chatglm-bpe viking tekken smollm codeshell bloom gpt3-finnish exaone exaone4 exaone-moe
  chameleon minerva-7b megrez gpt-4o llama4 kanana2 talkie granite-embed-multi-97m tiny_aya cohere2moe superbpe trillion
  granite-docling bailingmoe bailingmoe2 llada-moe seed-coder hunyuan hunyuan-dense hy_v4 joyai-llm ufakzeka kimi-k2
  minimax-m2 solar-open grok-2 afmoe laguna`.split(/\s+/),
);
