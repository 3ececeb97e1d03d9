import type { NanoAgentError } from "@nanoagent/models";
import type { TokenUsage } from "@nanoagent/runtime";
import { ServiceError } from "../errors/service-error.js";
import type { AnswerEvent, Answering, Ask } from "./ask.js";

/** Seconds after which a service that stops is likely to have started again. */
const RESTART_SECONDS = 5;

/**
 * Answers a request and yields the events. Differs from {@link Answering.answer} in the last event:
 *
 * - A reply that reached the length limit of the request within its reasoning, or before its JSON was complete, ends
 *   with `run-end` and the reason `length`, as clients of OpenAI's API expect. Home Assistant's set-up asks for three
 *   tokens.
 * - A turn that the service aborted, and not the client, fails with `service-stopping`.
 */
export async function* answerEvents(
  answering: Answering,
  ask: Ask,
  signal: AbortSignal,
): AsyncGenerator<AnswerEvent, void> {
  const events = await answering.answer(ask, signal);
  let step: { isCut: boolean; usage: TokenUsage | null } = { isCut: false, usage: null };
  for await (const event of events) {
    if (event.type === "step-end") step = { isCut: event.reason === "length", usage: event.usage };
    if (event.type !== "error") yield event;
    else if (isAtLimit(event.error, ask, step.isCut)) {
      const reply = event.reply ?? { role: "assistant", content: "", timestamp: new Date().toISOString() };
      yield { type: "run-end", reply, reason: "length", usage: step.usage };
    } else if (event.error.code === "aborted" && !signal.aborted) yield { ...event, error: serviceStopping() };
    else yield event;
  }
}

function isAtLimit({ code }: NanoAgentError, { sampling, responseSchema }: Ask, isCut: boolean): boolean {
  if (sampling?.maxTokens === undefined) return false;
  return code === "reply-only-thought" || (code === "reply-not-valid" && responseSchema !== undefined && isCut);
}

function serviceStopping(): ServiceError {
  return new ServiceError({
    code: "service-stopping",
    message: "The service stopped before the reply was complete.",
    hint: "Send the request again in a moment.",
    status: 503,
    type: "server_error",
    retrySeconds: RESTART_SECONDS,
  });
}
