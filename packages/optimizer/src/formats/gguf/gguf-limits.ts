// Limits for GGUF headers. Real files stay far below; the limits protect against hostile files.

/** Largest offset of the tensor data. A vocabulary of 262,144 tokens with its merges has 15 MB. */
export const MAX_HEADER_BYTES = 128 * 2 ** 20;

/** Most metadata entries. Real files have about 30, or 200 with a long table of authors and data sets. */
export const MAX_METADATA_ENTRIES = 65_536;

/** Most tensors. Real files have up to 2,000, for a mixture of experts with separately stored experts. */
export const MAX_TENSORS = 65_536;

/** Longest tensor name. ggml stores names in 64 bytes, including a terminating 0. */
export const MAX_TENSOR_NAME_BYTES = 63;

export const MAX_DIMENSIONS = 4;

/** Longest key, as specified by the format. */
export const MAX_KEY_BYTES = 65_535;

/** Longest text that is kept, except chat templates. Longer ones, such as licenses and model cards, are skipped. */
export const MAX_KEPT_TEXT_BYTES = 4096;

/** Longest chat template. Real ones have up to 20 KB. A template is code that the engine runs, so there is a limit. */
export const MAX_CHAT_TEMPLATE_BYTES = 2 ** 20;

/** Most named chat templates. Real files have two or three, for tools and documents. */
export const MAX_NAMED_TEMPLATES = 16;

/** Longest array, as in llama.cpp. */
export const MAX_ARRAY_LENGTH = 2 ** 30;

/** Longest array of texts, which are skipped one by one in 20 ns each. The largest real list of merges has 514,906. */
export const MAX_TEXT_ARRAY_LENGTH = 2 ** 22;

/** Most layers, as in llama.cpp, where more layers caused writes past the end of its tables. */
export const MAX_LAYERS = 512;

/** Largest alignment: sixteen times the largest page size. Files use 32 bytes, or a page size for partial mapping. */
export const MAX_ALIGNMENT_BYTES = 2 ** 20;
