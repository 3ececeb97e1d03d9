// What a GGUF header may hold. Real files stay far below; a limit keeps one that was made to hurt from doing so.

/** Where tensor data may begin at the latest. A vocabulary of 262,144 tokens and its merges take 15 MB. */
export const MAX_HEADER_BYTES = 128 * 2 ** 20;

/** Keys and values of metadata. Real files have about 30; 200 with a long table of authors and data sets. */
export const MAX_METADATA_ENTRIES = 65_536;

/** Real files have up to 2,000: a mixture of experts whose experts are stored one by one. */
export const MAX_TENSORS = 65_536;

/** ggml keeps a name in 64 bytes, the last of them 0. */
export const MAX_TENSOR_NAME_BYTES = 63;

export const MAX_DIMENSIONS = 4;

/** The format's own limit. */
export const MAX_KEY_BYTES = 65_535;

/** A text that is longer is passed over, save the chat template: licences, model cards. */
export const MAX_KEPT_TEXT_BYTES = 4096;

/** The longest template in use has 20 KB. It is a program that the engine runs, so a longer one is refused. */
export const MAX_CHAT_TEMPLATE_BYTES = 2 ** 20;

/** Files name two or three of them: for tools, for documents. */
export const MAX_NAMED_TEMPLATES = 16;

/** llama.cpp's own limit for all arrays. */
export const MAX_ARRAY_LENGTH = 2 ** 30;

/** Texts have to be stepped over one by one: 20 ns each. The largest list in use, of merges, has 514,906. */
export const MAX_TEXT_ARRAY_LENGTH = 2 ** 22;

/** llama.cpp's own limit; more layers than that have been a write past the end of its tables. */
export const MAX_LAYERS = 512;

/** Sixteen times the largest page of memory in use. Files align to 32 bytes, or to a page to be mapped by parts. */
export const MAX_ALIGNMENT_BYTES = 2 ** 20;
