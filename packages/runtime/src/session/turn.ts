import type { AgentMessage, MessageEnd } from "@nanoagent/models";
import { noteFailed } from "../acts/failed-results.js";
import type { ConversationMessage } from "../engines/conversation-message.js";
import type { ToolCall } from "../engines/engine.js";
import { timestamp } from "../timestamp.js";
import type { ToolOutcome } from "../tools/tool-outcome.js";
import type { ActStart, ToolCallOptions } from "../tools/tool-set.js";
import { wholeText } from "../whole-text.js";
import type { History } from "./history.js";
import type { Journal } from "./journal/journal.js";
import { INTERRUPTED_REPLY, resultsOfInterrupted } from "./journal/open-turn.js";
import type { SessionError } from "./session-error.js";

/** The part of an interrupted reply that the conversation keeps, and why it is not on disk. */
export interface KeptReply {
  reply: AgentMessage | null;
  notSaved: SessionError | null;
}

/** Runs a tool. Never throws: a failure is an outcome. */
export type CallTool = (call: ToolCall, options: ToolCallOptions) => Promise<ToolOutcome>;

/**
 * A turn while it goes on: what was said and done in it so far.
 *
 * - With a session, that a tool is about to change the world is on record before it runs, and what became of it after.
 *   What cannot be put on record is not done.
 * - The turn is in the history whole when it has ended. One that was interrupted stays as far as it came, where text of
 *   it was shown or where it is on record that it changed the world; otherwise it leaves nothing.
 */
export class Turn {
  /** The conversation, this turn's messages last: the list itself, for reading until the turn ends. */
  readonly conversation: readonly ConversationMessage[];
  readonly #history: History;
  readonly #journal: Journal | null;
  readonly #messages: ConversationMessage[];
  /** Text of the current step that was shown. */
  #text = "";
  /** Whether any text of the turn was shown. */
  #isShown = false;

  constructor(history: History, journal: Journal | null, message: AgentMessage) {
    this.#history = history;
    this.#journal = journal;
    this.#messages = [message];
    this.conversation = history.begin(message);
  }

  /** Notes a piece of text that is about to be shown. */
  show(text: string): void {
    this.#text += text;
    this.#isShown ||= text.trim() !== "";
  }

  /** Takes back what was shown since the last call but for `kept`, its beginning: it was no part of the reply. */
  takeBack(kept: string): void {
    this.#text = kept;
  }

  /** Takes in that tools are to be called, and what was said with it. */
  addCalls(content: string, calls: readonly ToolCall[]): void {
    this.#text = "";
    this.#add({ role: "assistant", content: wholeText(content), timestamp: timestamp(), tool_calls: calls });
  }

  /** Makes one of the calls of {@link addCalls}, see {@link perform}, and adds its result. */
  async act(call: ToolCall, ...[run, options]: Parameters<Turn["perform"]>): Promise<ToolOutcome> {
    const outcome = await this.perform(run, options);
    this.addResult(call, outcome);
    return outcome;
  }

  /**
   * Has `run` make one of the calls of {@link addCalls}, and puts on record what became of an act. Calls that only look may be made side by side; {@link addResult} takes their results in the order of the calls.
   */
  async perform(
    run: (options: ToolCallOptions) => Promise<ToolOutcome>,
    options: Omit<ToolCallOptions, "idempotencyKey" | "beforeAct">,
  ): Promise<ToolOutcome> {
    const journal = this.#journal;
    const idempotencyKey = crypto.randomUUID();
    let isOnRecord = false;
    const beforeAct = async ({ call_id: id, tool: name, arguments: input, idempotency_key }: ActStart) => {
      await journal?.recordActStart({ id, name, arguments: input }, this.#messages, idempotency_key);
      isOnRecord = journal !== null;
    };
    const outcome = await run({ ...options, idempotencyKey, beforeAct });
    const { content, isError } = outcome;
    if (isOnRecord) await journal?.recordActResult({ key: idempotencyKey }, { content, is_error: isError });
    return outcome;
  }

  /** Adds the result of a call to the conversation. */
  addResult({ id }: ToolCall, { content, isError }: ToolOutcome): void {
    const message: ConversationMessage = { role: "tool", content, timestamp: timestamp(), tool_call_id: id };
    if (isError) noteFailed(message);
    this.#add(message);
  }

  /** Ends the turn with its reply. Rejects where it cannot be saved; `notSaved` where it is delivered all the same. */
  async end(content: string, ended?: MessageEnd): Promise<{ reply: AgentMessage; notSaved: SessionError | null }> {
    const message: AgentMessage = { role: "assistant", content: wholeText(content), timestamp: timestamp() };
    const reply = Object.freeze(ended === undefined ? message : { ...message, ended });
    const notSaved = (await this.#journal?.appendTurn([...this.#messages, reply])) ?? null;
    this.#history.commit(reply);
    return { reply, notSaved };
  }

  /**
   * Ends a turn that was interrupted: text that was shown stays in the conversation, as the reply, if it is to. Never
   * rejects; the reply is null where nothing of it is kept, and `notSaved` says why it is not on disk.
   */
  async interrupt({ keepsText }: { keepsText: boolean }): Promise<KeptReply> {
    if (!this.#isShown || !keepsText) {
      await this.#fail();
      return { reply: null, notSaved: null };
    }
    for (const result of resultsOfInterrupted(this.#messages, timestamp())) this.#add(result);
    try {
      return await this.end(this.#text.trim() === "" ? INTERRUPTED_REPLY : this.#text, "interrupted");
    } catch (error) {
      await this.#fail();
      return { reply: null, notSaved: error as SessionError };
    }
  }

  async #fail(): Promise<void> {
    this.#history.rollback();
    const messages = (await this.#journal?.endFailedTurn().catch(() => null)) ?? null;
    if (messages !== null) this.#history.restore([messages.map((message) => Object.freeze(message))], 0);
  }

  #add(message: ConversationMessage): void {
    Object.freeze(message);
    this.#messages.push(message);
    this.#history.extend(message);
  }
}
