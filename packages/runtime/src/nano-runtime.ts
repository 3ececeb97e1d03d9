import type { AgentMessage, NanoAgentConfigInput } from "@nanoagent/models";
import { Agent, type AgentOptions, checkAgent } from "./agent.js";
import type { AgentEvent } from "./agent-event.js";
import type { TurnMessage } from "./check-message.js";
import { type Conversation, openJournal } from "./conversation.js";
import type { ConversationMessage } from "./engines/conversation-message.js";
import type { MemoryReport } from "./memory/memory-report.js";
import { NanoRuntimeError } from "./nano-runtime-error.js";
import type { TurnOptions } from "./run-turn.js";

export type NanoRuntimeOptions = AgentOptions;

/**
 * One agent with one conversation. To hold several conversations with an agent, use {@link openAgent}.
 *
 * - Messages are answered as described in {@link Conversation}.
 * - `process` and `stream` before `load`, or after `unload`, fail with `not-loaded`.
 */
export class NanoRuntime implements AsyncDisposable {
  readonly #options: NanoRuntimeOptions;
  #agent: Agent | null = null;
  /** The agent's conversation. `unload` closes it; its history stays readable. */
  #conversation: Conversation | null = null;
  /** The pending load or unload. */
  #changing: Promise<void> | null = null;
  #notices: readonly string[] = [];

  constructor(options: NanoRuntimeOptions = {}) {
    this.#options = options;
  }

  /**
   * The conversation so far, oldest first: a copy. It contains the newest 4 MB, counted as two bytes per character and
   * 200 per message. The oldest turns are dropped first, and {@link droppedTurns} counts them. Readable after `unload`.
   * The next `load` starts a new conversation or, with a session, continues the stored one. A turn that called tools
   * has the calls (`tool_calls`) and their results (role `tool`) between its message and its reply.
   */
  get history(): readonly ConversationMessage[] {
    return this.#conversation?.history ?? [];
  }

  /** Number of turns that are missing from the session's files, see {@link Conversation.missingTurns}. */
  get missingTurns(): number {
    return this.#conversation?.missingTurns ?? 0;
  }

  /** Number of turns that are no longer in {@link history}. */
  get droppedTurns(): number {
    return this.#conversation?.droppedTurns ?? 0;
  }

  /** Settings without effect, and reports of the session, engine and tools, one sentence per item. Set by `load`. */
  get notices(): readonly string[] {
    if (this.#agent === null) return this.#notices;
    return [...(this.#conversation?.notices ?? []), ...this.#agent.notices];
  }

  /** The open agent: its config, its engine's facts, and further conversations. Throws `not-loaded`. */
  get agent(): Agent {
    if (this.#agent === null) throw NanoRuntimeError.notLoaded();
    return this.#agent;
  }

  /**
   * Opens an agent and its conversation. Rejects an agent whose memory budget exceeds the device's memory before
   * anything is opened. Throws like {@link openAgent}, and {@link SessionError}, and {@link NanoRuntimeError}
   * `already-loaded`.
   */
  async load(config: NanoAgentConfigInput): Promise<void> {
    if (this.#agent !== null || this.#changing !== null) {
      throw new NanoRuntimeError({
        code: "already-loaded",
        message: "An agent is already loaded.",
        hint: "Call unload() first, or use another NanoRuntime.",
      });
    }
    await this.#change(this.#open(config));
  }

  async #open(input: NanoAgentConfigInput): Promise<void> {
    const config = await checkAgent(input, this.#options);
    // Open the session first: if another program holds it, loading the model would be wasted.
    const journal = await openJournal(config.session, config.spec.name);
    let agent: Agent;
    try {
      agent = await Agent.open(config, this.#options);
    } catch (error) {
      await journal?.close();
      throw error;
    }
    try {
      this.#conversation = await agent.continueJournal(journal);
    } catch (error) {
      await agent.close();
      throw error;
    }
    this.#agent = agent;
  }

  /** Returns the reply to a message. Throws the error that {@link stream} yields as an `error` event. */
  async process(message: TurnMessage, options: TurnOptions = {}): Promise<AgentMessage> {
    return this.#requireConversation().process(message, options);
  }

  /** Answers a message and yields its events: see {@link Conversation.stream}. Never throws. */
  stream(message: TurnMessage, options: TurnOptions = {}): AsyncGenerator<AgentEvent, void> {
    if (this.#agent === null || this.#conversation === null) return notLoaded();
    return this.#conversation.stream(message, options);
  }

  /** Reports the agent's memory use and how its budget is enforced. Needs Node. */
  async memory(): Promise<MemoryReport> {
    return this.agent.memory();
  }

  /** Returns a vector of length 1 for each text: see {@link Agent.embed}. */
  async embed(texts: readonly string[], options: { signal?: AbortSignal | undefined } = {}): Promise<number[][]> {
    return this.agent.embed(texts, options);
  }

  /** Makes the engine write its evaluated state to disk: see {@link Agent.saveState}. */
  async saveState(): Promise<number | null> {
    return this.agent.saveState();
  }

  /** The complete conversation, oldest first, one message at a time: see {@link Conversation.readHistory}. */
  async *readHistory(): AsyncGenerator<ConversationMessage, void> {
    yield* this.#requireConversation().readHistory();
  }

  /**
   * Starts a new conversation; with a session, the old one stays on disk. Throws {@link NanoRuntimeError}
   * `turn-running` while a message is being answered.
   */
  reset(): void {
    this.#requireConversation().reset();
  }

  /** Ends the running turn, rejects those that wait, and closes the engine. Does nothing if no agent is loaded. */
  async unload(): Promise<void> {
    // A failed load has already reported its error to its caller; nothing is left to unload.
    while (this.#changing !== null) await this.#changing.catch(() => {});
    const agent = this.#agent;
    if (agent === null) return;
    this.#notices = this.notices;
    this.#agent = null;
    await this.#change(agent.close());
  }

  async #change(change: Promise<void>): Promise<void> {
    this.#changing = change.finally(() => {
      this.#changing = null;
    });
    await this.#changing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.unload();
  }

  #requireConversation(): Conversation {
    if (this.#agent === null || this.#conversation === null) throw NanoRuntimeError.notLoaded();
    return this.#conversation;
  }
}

async function* notLoaded(): AsyncGenerator<AgentEvent, void> {
  yield { type: "error", error: NanoRuntimeError.notLoaded() };
}
