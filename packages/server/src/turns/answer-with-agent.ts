import type { Agent, AgentEvent, PermissionRequest, TurnOptions } from "@nanoagent/runtime";
import type { ConversationStore } from "../conversations/conversation-store.js";
import { ShownText } from "../conversations/shown-text.js";
import type { PermissionDesk } from "../permissions/permission-desk.js";
import type { AnswerEvent, Ask, PermissionEvent } from "./ask.js";

export interface AnswerParts {
  readonly agent: Agent;
  readonly store: ConversationStore;
  readonly desk: PermissionDesk;
}

/**
 * Answers a request in its conversation. The conversation can be used again when the last event is requested, even if it
 * is never read. When the reader stops before, the turn is aborted and kept as far as it was shown.
 */
export async function* answerWithAgent(
  ask: Ask,
  { agent, store, desk }: AnswerParts,
  abort: AbortController,
): AsyncGenerator<AnswerEvent, void> {
  const { signal } = abort;
  const { conversation, message, release } = await store.open(agent, ask, signal);
  const questions = ask.mayAskClient ? new StreamedQuestions() : null;
  const turn = conversation.stream(message, {
    ...optionsOf(ask),
    signal,
    onPermission: (request: PermissionRequest, options) =>
      desk.ask(request, { signal: options.signal, stream: questions?.show ?? null }),
  });
  const shown = new ShownText();
  let isOver = false;
  let reading: ReturnType<typeof turn.next> | null = null;
  const note = (event: AgentEvent) => {
    shown.note(event);
    if (event.type === "run-end" || event.type === "error") {
      isOver = true;
      release(shown.replyOf(event), event.type === "error" ? event.error.code : null);
    }
  };
  try {
    while (!isOver) {
      reading = turn.next();
      if (questions !== null) yield* questions.until(reading);
      const { value: event, done } = await reading;
      reading = null;
      if (done === true) return;
      if (event.type !== "text-delta") note(event);
      else {
        const separator = shown.add(event.text);
        if (separator !== "") yield { type: "text-delta", text: separator };
      }
      yield event;
    }
  } finally {
    if (!isOver) {
      // The reader has stopped. The turn ends soon, and the conversation keeps the part of it that was shown.
      abort.abort();
      for (;;) {
        const { value: event, done } = await (reading ?? turn.next());
        reading = null;
        if (done === true) break;
        if (event.type === "text-delta") shown.add(event.text);
        else note(event);
      }
      release(null);
    }
  }
}

function optionsOf({ instructions, callerTools, sampling, responseSchema, language }: Ask): TurnOptions {
  return { instructions: instructions ?? undefined, callerTools, sampling, responseSchema, language };
}

/** Questions for the client of a reply, which are events of its stream. */
class StreamedQuestions {
  readonly #waiting: PermissionEvent[] = [];
  #wake: () => void = () => {};

  readonly show = (question: Omit<PermissionEvent, "type">): void => {
    this.#waiting.push({ type: "permission", ...question });
    this.#wake();
  };

  /** Yields the questions that come until a promise has settled. */
  async *until(promise: Promise<unknown>): AsyncGenerator<PermissionEvent, void> {
    let isSettled = false;
    const settle = () => {
      isSettled = true;
      this.#wake();
    };
    promise.then(settle, settle);
    for (;;) {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) yield next;
      if (isSettled) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
