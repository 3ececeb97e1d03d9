import type { TokenUsage } from "@nanoagent/runtime";
import type { Extension } from "./extension.js";
import type { FinishReason } from "./finish-reason.js";
import type { OutputItem } from "./response-items.js";
import { type ResponseUsage, responseUsage } from "./usage.js";

/** Fields of a request that its response repeats. */
export interface EchoedFields {
  readonly instructions: string | null;
  readonly max_output_tokens: number | null;
  readonly metadata: object;
  readonly parallel_tool_calls: boolean;
  readonly temperature: number | null;
  readonly text: { readonly format: object };
  readonly tool_choice: unknown;
  readonly tools: readonly unknown[];
  readonly top_p: number | null;
  readonly user: string | null;
}

/** A response of the responses API. It is not stored. */
export interface ResponseObject extends EchoedFields {
  id: string;
  object: "response";
  /** In seconds since 1970. */
  created_at: number;
  status: "in_progress" | "completed" | "incomplete" | "failed";
  background: false;
  error: { code: string; message: string } | null;
  incomplete_details: { reason: "max_output_tokens" } | null;
  model: string;
  output: readonly OutputItem[];
  previous_response_id: null;
  reasoning: { effort: null; summary: null };
  service_tier: "default";
  store: false;
  truncation: "disabled";
  usage: ResponseUsage | null;
  /** The agent's own work for this response. Absent: it only wrote, or the response is streamed. */
  nanoagent?: { events: readonly Extension[] };
}

export interface ResponseFacts {
  readonly id: string;
  readonly created: number;
  readonly model: string;
  readonly echoed: EchoedFields;
}

/** Returns a response that has not ended. */
export function openResponse({ id, created, model, echoed }: ResponseFacts): ResponseObject {
  return {
    id,
    object: "response",
    created_at: created,
    status: "in_progress",
    background: false,
    error: null,
    incomplete_details: null,
    model,
    output: [],
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    service_tier: "default",
    store: false,
    truncation: "disabled",
    usage: null,
    ...echoed,
  };
}

/** Returns the response with its end. */
export function endedResponse(
  response: ResponseObject,
  { output, finish, usage }: { output: readonly OutputItem[]; finish: FinishReason; usage: TokenUsage | null },
): ResponseObject {
  const isCut = finish === "length";
  return {
    ...response,
    status: isCut ? "incomplete" : "completed",
    incomplete_details: isCut ? { reason: "max_output_tokens" } : null,
    output,
    usage: responseUsage(usage),
  };
}
