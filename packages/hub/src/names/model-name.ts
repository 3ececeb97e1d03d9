/** A model of Hugging Face, or of a mirror: `org/repo`, `org/repo:Q4_K_M`, `hf.co/…`, or the address of its page or file. */
export interface HubName {
  source: "hub";
  /** `org/repo`. */
  repository: string;
  /** Label after the colon, in upper case: `Q4_K_M`; null: the best that fits. */
  quantization: string | null;
  /** Path of the file in the repository, if the name is its address; otherwise null. */
  file: string | null;
  /** Branch, tag or commit; null: `main`. */
  revision: string | null;
}

/** A model of Ollama's registry: `ollama:[namespace/]name[:tag]`. */
export interface OllamaName {
  source: "ollama";
  /** Default: `library`. */
  namespace: string;
  model: string;
  /** Default: `latest`. */
  tag: string;
}

/** A plain address of a file: `https://example.org/model.gguf`. */
export interface AddressName {
  source: "address";
  url: string;
}

/** One word: a name of the catalogue, or of a model that was imported or downloaded from an address. */
export interface WordName {
  source: "word";
  word: string;
}

export type ModelName = HubName | OllamaName | AddressName | WordName;
