import { ErrorAfterAct } from "../errors/error-after-act.js";
import { ServiceError } from "../errors/service-error.js";
import type { AnswerEvent, Answering, Ask } from "./ask.js";
import { LimitWatch } from "./limit-watch.js";

/** Seconds after which a service that stops is likely to have started again. */
const RESTART_SECONDS = 5;

/**
 * Answers a request and yields the events. Three of the last events differ from {@link Answering.answer}: a reply that
 * reached its limit ends with `run-end` instead of an error (see {@link LimitWatch}), a turn that was aborted by the
 * service, not by its client, fails with `service-stopping`, and the error of a turn that called a tool of the agent is an
 * {@link ErrorAfterAct}.
 */
export async function* answerEvents(
  answering: Answering,
  ask: Ask,
  signal: AbortSignal,
): AsyncGenerator<AnswerEvent, void> {
  const events = await answering.answer(ask, signal);
  const limit = new LimitWatch(ask);
  let hasActed = false;
  for await (const event of events) {
    limit.note(event);
    if (event.type === "tool-call" && event.for_caller !== true) hasActed = true;
    const last = event.type === "error" ? (limit.endFor(event) ?? event) : event;
    if (last.type !== "error") yield last;
    else {
      const error = last.error.code === "aborted" && !signal.aborted ? serviceStopping() : last.error;
      yield { ...last, error: hasActed ? new ErrorAfterAct(error) : error };
    }
  }
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
