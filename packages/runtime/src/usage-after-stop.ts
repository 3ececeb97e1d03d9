import { toolText } from "./context/context-budget.js";
import { isEngineEvent } from "./engines/check-event.js";
import {
  ABORT_GRACE_MILLISECONDS,
  type Engine,
  type EngineEvent,
  type EngineRequest,
  type TokenUsage,
} from "./engines/engine.js";

/** A reply that was stopped before its end. */
export interface StoppedReply {
  engine: Engine;
  request: EngineRequest;
  /** The rest of its events. Its signal was aborted. */
  events: AsyncIterator<EngineEvent>;
  /** All that the engine wrote: text and reasoning. */
  written: string;
}

/**
 * Returns the usage of a stopped reply: the engine's, if it comes within the grace period of an abort, otherwise an
 * estimate from the texts of the request and the reply. Never rejects; null if nothing can be counted in that time.
 */
export async function usageAfterStop(reply: StoppedReply): Promise<TokenUsage | null> {
  return (await within(readUsage(reply.events))) ?? (await within(countUsage(reply)));
}

async function readUsage(events: AsyncIterator<EngineEvent>): Promise<TokenUsage | null> {
  const until = Date.now() + ABORT_GRACE_MILLISECONDS;
  // An engine that ignores the abort may leave no time for a timer.
  while (Date.now() < until) {
    const { done, value } = await events.next();
    if (done || !isEngineEvent(value) || value.type === "end" || value.type === "error") return null;
    if (value.type === "usage") return value.usage;
  }
  return null;
}

async function countUsage({ engine, request, written }: StoppedReply): Promise<TokenUsage> {
  const { instructions, messages, tools = [] } = request;
  const texts = [instructions ?? "", ...messages.map(({ content }) => content), ...tools.map(toolText), written];
  const counts =
    (await engine.countTokensOfAll?.(texts)) ?? (await Promise.all(texts.map((text) => engine.countTokens(text))));
  const completion_tokens = counts.at(-1) ?? 0;
  return { prompt_tokens: counts.reduce((sum, count) => sum + count, -completion_tokens), completion_tokens };
}

/** Returns null if the promise rejects or takes longer than the grace period. */
async function within<Value>(promise: Promise<Value | null>): Promise<Value | null> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, ABORT_GRACE_MILLISECONDS, null);
  });
  try {
    return await Promise.race([promise, late]).catch(() => null);
  } finally {
    clearTimeout(timer);
  }
}
