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

/** The part of an interrupted reply that the conversation keeps, and the reason if it is not on disk. */
export interface KeptReply {
  reply: AgentMessage | null;
  notSaved: SessionError | null;
}

/** Runs a tool. Never throws: a failure is an outcome. */
export type CallTool = (call: ToolCall, options: ToolCallOptions) => Promise<ToolOutcome>;

/**
 * Keeps account of the acts of a turn that a trigger began, so that a turn that was cut off can be run again without
 * doing anything twice.
 */
export interface TriggeredTurn {
  /** Name of the trigger. */
  readonly trigger: string;
  /** Returns the key of a call's act: the same for the same call when the turn is run again. */
  keyOf(call: ToolCall): string;
  /** Returns the outcome of an act that needs no other run, or null for one that must run. */
  outcomeOf(key: string, call: ToolCall): ToolOutcome | null;
  /** Records an act that changes the world before it runs. It runs when the promise resolves, and not when it rejects. */
  beforeAct(act: ActStart): Promise<void>;
  /** Records the outcome of a call. */
  afterAct(key: string, call: ToolCall, outcome: ToolOutcome): Promise<void>;
}

/**
 * A turn in progress: its messages and tool calls so far.
 *
 * - With a session, every act is recorded before its tool runs, and its result after. An act that cannot be recorded is
 *   not performed.
 * - When the turn ends, it enters the history completely. An interrupted turn keeps its content so far if text of it
 *   was shown or a recorded act changed the world; otherwise it is discarded.
 */
export class Turn {
  /** The conversation, this turn's messages last: the list itself, readable until the turn ends. */
  readonly conversation: readonly ConversationMessage[];
  readonly #history: History;
  readonly #journal: Journal | null;
  readonly #messages: ConversationMessage[];
  readonly #triggered: TriggeredTurn | null;
  /** Text of the current step that was shown. */
  #text = "";
  /** Whether any text of the turn was shown. */
  #isShown = false;

  constructor(
    history: History,
    journal: Journal | null,
    opening: readonly ConversationMessage[],
    triggered: TriggeredTurn | null = null,
  ) {
    this.#history = history;
    this.#journal = journal;
    this.#triggered = triggered;
    this.#messages = [...opening];
    this.conversation = history.begin(opening);
  }

  /** Records a piece of text that is about to be shown. */
  show(text: string): void {
    this.#text += text;
    this.#isShown ||= text.trim() !== "";
  }

  /** Removes the text shown since the last call, except `kept`, its beginning: the rest was not part of the reply. */
  takeBack(kept: string): void {
    this.#text = kept;
  }

  /** Records tool calls, and the text that came with them. */
  addCalls(content: string, calls: readonly ToolCall[]): void {
    this.#text = "";
    this.#add({ role: "assistant", content: wholeText(content), timestamp: timestamp(), tool_calls: calls });
  }

  /** Runs one of the calls of {@link addCalls}, see {@link perform}, and adds its result. */
  async act(call: ToolCall, ...rest: Parameters<Turn["perform"]>): Promise<ToolOutcome> {
    const outcome = await this.perform(...rest);
    this.addResult(call, outcome);
    return outcome;
  }

  /**
   * Runs a call of {@link addCalls}, as it was given, with `run`, and records the outcome of an act. Read-only calls may run in
   * parallel; {@link addResult} adds their results in the order of the calls.
   */
  async perform(
    given: ToolCall,
    run: (options: ToolCallOptions) => Promise<ToolOutcome>,
    options: Omit<ToolCallOptions, "idempotencyKey" | "beforeAct">,
  ): Promise<ToolOutcome> {
    const journal = this.#journal;
    const triggered = this.#triggered;
    const idempotencyKey = triggered?.keyOf(given) ?? crypto.randomUUID();
    const known = triggered?.outcomeOf(idempotencyKey, given) ?? null;
    if (known !== null) return known;
    let isOnRecord = false;
    const beforeAct = async (act: ActStart) => {
      const { call_id: id, tool: name, arguments: input, idempotency_key } = act;
      await triggered?.beforeAct(act);
      await journal?.recordActStart({ id, name, arguments: input }, this.#messages, idempotency_key);
      isOnRecord = journal !== null;
    };
    const outcome = await run({ ...options, idempotencyKey, trigger: triggered?.trigger, beforeAct });
    const { content, isError } = outcome;
    await triggered?.afterAct(idempotencyKey, given, outcome);
    if (isOnRecord) await journal?.recordActResult({ key: idempotencyKey }, { content, is_error: isError });
    return outcome;
  }

  /** Adds the result of a call to the conversation. */
  addResult({ id }: ToolCall, { content, isError }: ToolOutcome): void {
    const message: ConversationMessage = { role: "tool", content, timestamp: timestamp(), tool_call_id: id };
    if (isError) noteFailed(message);
    this.#add(message);
  }

  /** Ends the turn with its reply. Rejects if it cannot be saved. `notSaved` is set if it is delivered anyway. */
  async end(content: string, ended?: MessageEnd): Promise<{ reply: AgentMessage; notSaved: SessionError | null }> {
    const message: AgentMessage = { role: "assistant", content: wholeText(content), timestamp: timestamp() };
    const reply = Object.freeze(ended === undefined ? message : { ...message, ended });
    const notSaved = (await this.#journal?.appendTurn([...this.#messages, reply])) ?? null;
    this.#history.commit(reply);
    return { reply, notSaved };
  }

  /** Ends the turn with calls for the caller, see {@link addCalls}. Otherwise like {@link end}. */
  async endWithCalls(content: string): Promise<{ reply: AgentMessage; notSaved: SessionError | null }> {
    const reply: AgentMessage = Object.freeze({
      role: "assistant",
      content: wholeText(content),
      timestamp: timestamp(),
    });
    const notSaved = (await this.#journal?.appendTurn(this.#messages)) ?? null;
    this.#history.commit(null);
    return { reply, notSaved };
  }

  /**
   * Ends an interrupted turn. If `keepsText`, text that was shown stays in the conversation as the reply. Never
   * rejects. The reply is null if nothing is kept, and `notSaved` is the reason if it is not on disk.
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
