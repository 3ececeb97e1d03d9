import type { TokenUsage } from "@nanoagent/runtime";

/** Usage in the form of chat completions. Every count is present; what is not known is 0. */
export interface ChatUsage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  prompt_tokens_details: { cached_tokens: number };
  completion_tokens_details: { reasoning_tokens: number };
}

/** Usage in the form of the responses API. */
export interface ResponseUsage {
  input_tokens: number;
  input_tokens_details: { cached_tokens: number };
  output_tokens: number;
  output_tokens_details: { reasoning_tokens: number };
  total_tokens: number;
}

export function chatUsage(usage: TokenUsage | null): ChatUsage {
  const { prompt_tokens = 0, completion_tokens = 0, cached_prompt_tokens = 0, reasoning_tokens = 0 } = usage ?? {};
  return {
    prompt_tokens,
    completion_tokens,
    total_tokens: prompt_tokens + completion_tokens,
    prompt_tokens_details: { cached_tokens: cached_prompt_tokens },
    completion_tokens_details: { reasoning_tokens },
  };
}

export function responseUsage(usage: TokenUsage | null): ResponseUsage {
  const { prompt_tokens, completion_tokens, total_tokens, ...details } = chatUsage(usage);
  return {
    input_tokens: prompt_tokens,
    input_tokens_details: details.prompt_tokens_details,
    output_tokens: completion_tokens,
    output_tokens_details: details.completion_tokens_details,
    total_tokens,
  };
}
