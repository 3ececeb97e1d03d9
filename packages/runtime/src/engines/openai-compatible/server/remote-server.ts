/** Facts that a server reported when the engine was opened. */
export interface RemoteServer {
  /** `openai` is any server with only the OpenAI API. */
  kind: "nanoagent" | "llama-server" | "ollama" | "lm-studio" | "vllm" | "openai";
  /** Model name on the server. */
  model: string;
  /** Most tokens that a request and its reply may have together. */
  contextTokens: number;
  abilities: RemoteAbilities;
  /** Whether the server applies tools, instructions and a conversation of its own. Default: false. */
  isAgent?: boolean | undefined;
  /** Longest context that the model was trained for, in tokens. Absent or null: not reported. */
  trainedTokens?: number | null | undefined;
  /** Number of the model's parameters. Absent or null: not reported. */
  parameters?: number | null | undefined;
  /** Notices for the user, one sentence or more per figure that is not the server's own. */
  notices: readonly string[];
}

export interface RemoteAbilities {
  /** Whether the model can call tools, or null if not reported. */
  tools: boolean | null;
  /** Whether the model's template supports the system role. */
  systemRole: boolean;
}
