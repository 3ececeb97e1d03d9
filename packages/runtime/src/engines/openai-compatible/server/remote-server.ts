/** What a server said of itself when the engine was opened. */
export interface RemoteServer {
  /** `openai` is any that has the common API and no more. */
  kind: "llama-server" | "ollama" | "lm-studio" | "vllm" | "openai";
  /** The model's name, as the server calls it. */
  model: string;
  /** How many tokens a request and its reply may have together. */
  contextTokens: number;
  abilities: RemoteAbilities;
  /** What the user should know: where a figure is not the server's own, one sentence each. */
  notices: readonly string[];
}

export interface RemoteAbilities {
  /** Whether the model can call tools; null where the server does not say. */
  tools: boolean | null;
  /** Whether the model's template has a place for instructions. */
  systemRole: boolean;
}
