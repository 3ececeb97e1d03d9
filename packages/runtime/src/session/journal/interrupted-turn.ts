import type { ActRecord, ActResultRecord, JournalMessage } from "./journal-record.js";

/** A turn in which tools that change the world were called, and that has not ended. */
export class OpenTurn {
  readonly messages: JournalMessage[] = [];
  readonly #acts: { act: ActRecord; result: ActResultRecord | null }[] = [];

  addAct(act: ActRecord): void {
    if (this.#acts.some((known) => known.act.key === act.key)) return;
    this.messages.push(...act.messages);
    this.#acts.push({ act, result: null });
  }

  addResult(result: ActResultRecord): void {
    const entry = this.#acts.find(({ act }) => act.key === result.key);
    if (entry !== undefined) entry.result = result;
  }

  /** The calls of which it is not known whether they happened. */
  get unknownActs(): { key: string; name: string }[] {
    return this.#acts.filter(({ result }) => result === null).map(({ act }) => ({ key: act.key, name: act.call.name }));
  }

  /** The turn's messages with an end: each call has a result, and the last word is the assistant's. */
  end(timestamp: string): JournalMessage[] {
    const messages = [...this.messages];
    for (const call of this.#unansweredCalls()) {
      messages.push({ role: "tool", content: this.#resultOf(call.id), timestamp, tool_call_id: call.id });
    }
    messages.push({ role: "assistant", content: "(This reply was interrupted before it was written.)", timestamp });
    return messages;
  }

  #unansweredCalls(): { id: string }[] {
    const last = this.messages.findLastIndex(({ tool_calls }) => tool_calls !== undefined && tool_calls.length > 0);
    const answered = new Set(this.messages.slice(last + 1).map(({ tool_call_id }) => tool_call_id));
    return (this.messages[last]?.tool_calls ?? []).filter(({ id }) => !answered.has(id));
  }

  /** A model may give the same id to calls of different steps; the newest is the one that is meant. */
  #resultOf(id: string): string {
    const entry = this.#acts.findLast(({ act }) => act.call.id === id);
    if (entry === undefined) return "Interrupted: this call has no result.";
    return (
      entry.result?.content ??
      "Interrupted: this call was begun, and its outcome is not known. It may have happened; look before you repeat it."
    );
  }
}
