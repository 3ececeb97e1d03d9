import type { ActRecord, ActResultRecord, JournalMessage, WithoutSequence } from "./journal-record.js";

type Act = WithoutSequence<ActRecord>;
type ActResult = WithoutSequence<ActResultRecord>;

/** The reply of a turn that was interrupted before it had any text. */
export const INTERRUPTED_REPLY = "(This reply was interrupted before it was written.)";
const NO_RESULT = "Interrupted: this call has no result.";

/** A turn that has called tools that change the world and has not ended. It does not change: each record makes a new one. */
export class OpenTurn {
  readonly #acts: readonly { act: Act; result: ActResult | null }[];

  constructor(acts: readonly { act: Act; result: ActResult | null }[] = []) {
    this.#acts = acts;
  }

  /** This turn with one more act. An act that is known already, because a segment repeats it, changes nothing. */
  withAct(act: Act): OpenTurn {
    if (this.#acts.some((known) => known.act.key === act.key)) return this;
    return new OpenTurn([...this.#acts, { act, result: null }]);
  }

  /** This turn with the result of one of its acts. */
  withResult(result: ActResult): OpenTurn {
    return new OpenTurn(this.#acts.map((known) => (known.act.key === result.key ? { ...known, result } : known)));
  }

  /** The entries that make this turn again. */
  get entries(): (Act | ActResult)[] {
    return this.#acts.flatMap(({ act, result }) => (result === null ? [act] : [act, result]));
  }

  /** The turn's messages so far. */
  get messages(): JournalMessage[] {
    return this.#acts.flatMap(({ act }) => act.messages);
  }

  /** The acts without a result: they may have happened. */
  get unknownActs(): { key: string; name: string }[] {
    return this.#acts.filter(({ result }) => result === null).map(({ act }) => ({ key: act.key, name: act.call.name }));
  }

  /** The turn's messages with an end: every call has a result, and the last message is the assistant's. */
  end(timestamp: string): JournalMessage[] {
    const { messages } = this;
    const missing = resultsOfInterrupted(messages, timestamp, (id) => this.#resultOf(id));
    return [
      ...messages,
      ...missing,
      { role: "assistant", content: INTERRUPTED_REPLY, timestamp, ended: "interrupted" },
    ];
  }

  /** Models repeat call ids in later steps, so the newest act with this id is the right one. */
  #resultOf(id: string): string {
    const known = this.#acts.findLast(({ act }) => act.call.id === id);
    if (known === undefined) return NO_RESULT;
    return (
      known.result?.content ??
      "Interrupted: this call was begun, and its outcome is not known. It may have happened; look before you repeat it."
    );
  }
}

/** Results for the newest step's calls that have none, so that the turn can end. */
export function resultsOfInterrupted(
  messages: readonly JournalMessage[],
  timestamp: string,
  resultOf: (id: string) => string = () => NO_RESULT,
): JournalMessage[] {
  return callsWithoutResult(messages).map(({ id }) => ({
    role: "tool",
    content: resultOf(id),
    timestamp,
    tool_call_id: id,
  }));
}

/** The newest step's calls that no message answers. */
function callsWithoutResult(messages: readonly JournalMessage[]): { id: string }[] {
  const last = messages.findLastIndex(({ tool_calls }) => tool_calls !== undefined && tool_calls.length > 0);
  const answered = new Set(messages.slice(last + 1).map(({ tool_call_id }) => tool_call_id));
  return (messages[last]?.tool_calls ?? []).filter(({ id }) => !answered.has(id));
}
