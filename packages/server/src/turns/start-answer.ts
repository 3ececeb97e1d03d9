import type { AnswerEvent } from "./ask.js";

/**
 * Longest wait for the event that decides the status of a streamed reply. After that the headers are sent, because
 * clients and proxies give up if they hear nothing while a long prompt is read.
 */
const STATUS_MILLISECONDS = 1000;

/**
 * Reads the events until they show that the reply has begun, and returns all of them. Throws the error of a reply that
 * fails before, so that its status can be sent. A failure after the wait is an `error` event.
 */
export async function startAnswer(
  events: AsyncGenerator<AnswerEvent, void>,
  { statusMilliseconds = STATUS_MILLISECONDS }: { statusMilliseconds?: number | undefined } = {},
): Promise<AsyncGenerator<AnswerEvent, void>> {
  const early: AnswerEvent[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, statusMilliseconds, null);
  });
  try {
    for (;;) {
      const next = events.next();
      const result = await Promise.race([next, late]);
      if (result === null) return continued(early, next, events);
      if (result.done === true) return continued(early, null, events);
      if (result.value.type === "error") throw result.value.error;
      early.push(result.value);
      if (!isUndecided(result.value)) return continued(early, null, events);
    }
  } catch (error) {
    await events.return();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Whether the turn can still fail before the engine reads the request. */
function isUndecided({ type }: AnswerEvent): boolean {
  return type === "run-start" || type === "memory-pressure" || type === "context-growth";
}

async function* continued(
  early: readonly AnswerEvent[],
  next: Promise<IteratorResult<AnswerEvent, void>> | null,
  events: AsyncGenerator<AnswerEvent, void>,
): AsyncGenerator<AnswerEvent, void> {
  try {
    yield* early;
    const result = await next;
    if (result?.done === false) yield result.value;
    if (result?.done !== true) yield* events;
  } finally {
    await events.return();
  }
}
