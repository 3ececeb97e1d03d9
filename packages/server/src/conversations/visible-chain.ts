import type { CallResults, ConversationMessage } from "@nanoagent/runtime";
import type { ShownReply } from "./shown-text.js";
import { type ClientHashes, callsAfter, hashMessage, type VisibleMessage } from "./visible-message.js";

/** Memory of an entry: two hashes and the object. */
const ENTRY_BYTES = 250;

/** A visible message of a conversation. */
interface Entry {
  readonly hash: string;
  /** Hash of the same message with retracted text, which some clients keep. */
  readonly otherHash: string | null;
  /** Number of messages in the conversation's own history through this one, with the agent's own calls before it. */
  readonly end: number;
  /** Ids of the calls that results after this message can answer. */
  readonly calls: readonly string[];
}

/** A part of a chain with which a client's history begins. */
export interface SharedPart {
  /** Number of messages before it. */
  readonly from: number;
  /** Number of messages in it. */
  readonly common: number;
}

/** Messages of a conversation's own history, and the part of a chain that belongs to them. */
export interface RichHistory {
  readonly messages: readonly ConversationMessage[];
  readonly chain: VisibleChain;
}

/**
 * The messages of a conversation that its client has seen, as hashes, with the place of each in the conversation's own
 * history. The own history has the agent's calls and their results, too, and may have lost its oldest messages.
 */
export class VisibleChain {
  readonly #entries: Entry[] = [];
  readonly #turnStarts: number[] = [];
  /** Shared parts that were found, and the length of the chain then. One request asks several times. */
  readonly #found = new WeakMap<ClientHashes, { readonly length: number; readonly shared: SharedPart }>();

  get length(): number {
    return this.#entries.length;
  }

  get bytes(): number {
    return this.#entries.length * ENTRY_BYTES;
  }

  /** Number of messages in the own history through the last visible one. */
  get end(): number {
    return this.#startOf(this.#entries.length);
  }

  /** Numbers of messages in the own history before each turn. */
  get turnStarts(): readonly number[] {
    return this.#turnStarts;
  }

  /** Ids of the calls that results can answer now. */
  get calls(): readonly string[] {
    return this.#entries.at(-1)?.calls ?? [];
  }

  /** Returns a client's history as it is, with its chain. */
  static historyOf(client: ClientHashes): RichHistory {
    return new VisibleChain().continueWith(client, { from: 0, common: 0 }, { own: [], dropped: 0 });
  }

  /**
   * Returns the part that a client's history begins with: mostly the beginning. A client that sends only its newest
   * messages begins later.
   */
  sharedWith(client: ClientHashes): SharedPart {
    const { length } = this.#entries;
    const found = this.#found.get(client);
    if (found !== undefined && found.length === length) return found.shared;
    const shared = this.#searchFor(client);
    this.#found.set(client, { length, shared });
    return shared;
  }

  /** Notes that a turn begins after this number of messages of the own history, even if its client sees nothing of it. */
  beginTurn(begun: number): void {
    this.#turnStarts.push(begun);
  }

  /** Adds a message that ends at this place of the own history. */
  add(message: VisibleMessage, end: number, textWithRetracted = message.content): void {
    const { calls } = this;
    const isSame = textWithRetracted === message.content;
    this.#entries.push({
      hash: hashMessage(message, calls),
      otherHash: isSame ? null : hashMessage({ ...message, content: textWithRetracted }, calls),
      end,
      calls: callsAfter(calls, message),
    });
  }

  /** Adds a turn: its message, which begins after `begun` messages of the own history, and its reply, which ends it. */
  addTurn(message: string | CallResults, reply: ShownReply, { begun, end }: { begun: number; end: number }): void {
    this.beginTurn(begun);
    const opening = openingOf(message);
    for (const [index, visible] of opening.entries()) this.add(visible, Math.min(end, begun + index + 1));
    const { text, textWithRetracted, calls } = reply;
    const tool_calls = calls.length === 0 ? undefined : calls;
    this.add({ role: "assistant", content: text, tool_calls }, end, textWithRetracted);
  }

  /**
   * Returns a new history: the own one for the shared part, and then the client's. `own` is what is left of the own
   * history after its first `dropped` messages. The client's messages stand for the dropped ones.
   */
  continueWith(
    client: ClientHashes,
    { from, common }: SharedPart,
    { own, dropped }: { own: readonly ConversationMessage[]; dropped: number },
  ): RichHistory {
    const shared = this.#entries.slice(from, from + common);
    const named = withOwnIds(client.messages, shared);
    let kept = 0;
    while (kept < common && this.#startOf(from + kept) < dropped) kept += 1;
    const start = this.#startOf(from + kept);
    const end = this.#startOf(from + common);
    const messages = named.slice(0, kept);
    if (kept < common) messages.push(...own.slice(start - dropped, end - dropped));
    const chain = new VisibleChain();
    for (let index = 0; index < kept; index++) if (beginsTurn(named, index)) chain.beginTurn(index);
    for (const begun of this.#turnStarts) if (begun >= start && begun < end) chain.beginTurn(begun - start + kept);
    for (const [index, entry] of shared.entries()) {
      chain.#entries.push({ ...entry, end: index < kept ? index + 1 : entry.end - start + kept });
    }
    for (let index = common; index < named.length; index++) {
      const message = named[index] as ConversationMessage;
      if (beginsTurn(named, index)) chain.beginTurn(messages.length);
      messages.push(message);
      const calls = callsAfter(chain.calls, message);
      chain.#entries.push({ hash: client.at(index), otherHash: null, end: messages.length, calls });
    }
    return { messages, chain };
  }

  /** Returns a client's results with the ids that the own history has for the same calls. */
  ownResults(message: string | CallResults, client: readonly ConversationMessage[]): string | CallResults {
    if (typeof message === "string") return message;
    const calling = client.findLast(({ role }) => role !== "tool");
    const theirs = calling === undefined ? [] : callsAfter([], calling);
    const results = message.results.map((result) => {
      const id = translate(result.tool_call_id, theirs, this.calls);
      return id === undefined || id === result.tool_call_id ? result : { ...result, tool_call_id: id };
    });
    return { role: "tool", results };
  }

  /** Number of messages in the own history before this entry. */
  #startOf(index: number): number {
    return index === 0 ? 0 : (this.#entries[index - 1] as Entry).end;
  }

  /** Takes time in proportion to the length of the chain, also if all messages are equal (Knuth, Morris and Pratt). */
  #searchFor(client: ClientHashes): SharedPart {
    const whole = client.messages.length;
    let best: SharedPart = { from: 0, common: 0 };
    let common = 0;
    for (let index = 0; index < this.#entries.length && best.common < whole; index++) {
      while (common > 0 && !this.#isSame(index, client, common)) {
        // The beginning counts even if a later part is longer.
        if (common === index) return best;
        common = client.repeatedBefore(common);
      }
      if (this.#isSame(index, client, common)) common += 1;
      if (common > best.common) best = { from: index + 1 - common, common };
    }
    return best;
  }

  #isSame(index: number, client: ClientHashes, clientIndex: number): boolean {
    const { hash, otherHash } = this.#entries[index] as Entry;
    const given = client.at(clientIndex);
    return given === hash || given === otherHash;
  }
}

/** Returns a client's messages with the own ids of the calls in the shared ones. */
function withOwnIds(client: readonly ConversationMessage[], shared: readonly Entry[]): ConversationMessage[] {
  let theirs: readonly string[] = [];
  let own: readonly string[] = [];
  return client.map((message, index) => {
    if (message.role === "tool") {
      const id = translate(message.tool_call_id, theirs, own);
      return id === undefined || id === message.tool_call_id ? message : { ...message, tool_call_id: id };
    }
    theirs = callsAfter([], message);
    own = shared[index]?.calls ?? theirs;
    const { tool_calls } = message;
    if (tool_calls === undefined || tool_calls.every(({ id }, position) => id === own[position])) return message;
    return { ...message, tool_calls: tool_calls.map((call, position) => ({ ...call, id: own[position] ?? call.id })) };
  });
}

/** Whether a turn begins with this message of a client's history: a user's, or the first of the results of its tools. */
function beginsTurn(client: readonly ConversationMessage[], index: number): boolean {
  const role = client[index]?.role;
  return role === "user" || (role === "tool" && client[index - 1]?.role !== "tool");
}

/** The messages that open a turn. */
function openingOf(message: string | CallResults): VisibleMessage[] {
  if (typeof message === "string") return [{ role: "user", content: message }];
  return message.results.map(({ content, tool_call_id }) => ({ role: "tool", content, tool_call_id }));
}

/** Returns the own id of a call by its position among the client's ids. */
function translate(id: string | undefined, theirs: readonly string[], own: readonly string[]): string | undefined {
  return id === undefined ? undefined : (own[theirs.indexOf(id)] ?? id);
}
