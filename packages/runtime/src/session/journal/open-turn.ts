import type { ActRecord, ActResultRecord, JournalMessage, WithoutSequence } from "./journal-record.js";

type Act = WithoutSequence<ActRecord>;
type ActResult = WithoutSequence<ActResultRecord>;

/** Reply of a turn that was interrupted before it had any text. */
export const INTERRUPTED_REPLY = "(This reply was interrupted before it was written.)";
const NO_RESULT = "Interrupted: this call has no result.";

/** An unfinished turn with acts. Immutable: each record creates a new one. */
export class OpenTurn {
  readonly #acts: readonly { act: Act; result: ActResult | null }[];

  constructor(acts: readonly { act: Act; result: ActResult | null }[] = []) {
    this.#acts = acts;
  }

  /** Returns this turn with one more act. Ignores an act that it already has, because segments repeat acts. */
  withAct(act: Act): OpenTurn {
    if (this.#acts.some((known) => known.act.key === act.key)) return this;
    return new OpenTurn([...this.#acts, { act, result: null }]);
  }

  /** Returns this turn with the result of one of its acts. */
  withResult(result: ActResult): OpenTurn {
    return new OpenTurn(this.#acts.map((known) => (known.act.key === result.key ? { ...known, result } : known)));
  }

  /** The entries that recreate this turn. */
  get entries(): (Act | ActResult)[] {
    return this.#acts.flatMap(({ act, result }) => (result === null ? [act] : [act, result]));
  }

  /** The turn's messages so far. */
  get messages(): JournalMessage[] {
    return this.#acts.flatMap(({ act }) => act.messages);
  }

  /** Acts without a result. They may have happened. */
  get unknownActs(): { key: string; name: string }[] {
    return this.#acts.filter(({ result }) => result === null).map(({ act }) => ({ key: act.key, name: act.call.name }));
  }

  /** Returns the turn's messages with an end: every call has a result, and the last message is the assistant's. */
  end(timestamp: string): JournalMessage[] {
    const { messages } = this;
    const missing = resultsOfInterrupted(messages, timestamp, (id) => this.#resultOf(id));
    return [
      ...messages,
      ...missing,
      { role: "assistant", content: INTERRUPTED_REPLY, timestamp, ended: "interrupted" },
    ];
  }

  /** Models reuse call ids in later steps, so the newest act with this id is the correct one. */
  #resultOf(id: string): string {
    const known = this.#acts.findLast(({ act }) => act.call.id === id);
    if (known === undefined) return NO_RESULT;
    return (
      known.result?.content ??
      "Interrupted: this call was begun, and its outcome is not known. It may have happened; look before you repeat it."
    );
  }
}

/** Returns results for the newest step's calls that have none, so that the turn can end. */
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

/** Returns the newest step's calls without a result. */
function callsWithoutResult(messages: readonly JournalMessage[]): { id: string }[] {
  const last = messages.findLastIndex(({ tool_calls }) => tool_calls !== undefined && tool_calls.length > 0);
  const answered = new Set(messages.slice(last + 1).map(({ tool_call_id }) => tool_call_id));
  return (messages[last]?.tool_calls ?? []).filter(({ id }) => !answered.has(id));
}
