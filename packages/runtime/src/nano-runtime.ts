import {
  AgentMessage,
  type AgentMessageInput,
  InvalidDataError,
  keysNotYetActedOn,
  NanoAgentConfig,
  type NanoAgentConfigInput,
  NanoAgentError,
} from "@nanoagent/models";
import type { AgentEvent } from "./agent-event.js";
import { runAgentLoop } from "./agent-loop.js";
import { selectWindow } from "./context/select-window.js";
import { ABORT_GRACE_MILLISECONDS, type Engine } from "./engines/engine.js";
import { EngineError } from "./engines/engine-error.js";
import { openEngine } from "./engines/open-engine.js";
import { NanoRuntimeError } from "./nano-runtime-error.js";
import { History } from "./session/history.js";
import { TurnQueue } from "./session/turn-queue.js";

/** A message longer than this, in UTF-8 bytes, is refused: it would push everything else out of the history. */
export const MAX_MESSAGE_BYTES = 1024 * 1024;

/** How long `unload` waits for the turn that runs: its engine's grace, and as much again for whoever reads the events. */
const UNLOAD_MILLISECONDS = 2 * ABORT_GRACE_MILLISECONDS;

export interface NanoRuntimeOptions {
  /** Answers in place of the engine that the config names. Whoever passes it closes it; it may serve many runtimes. */
  engine?: Engine | undefined;
}

export interface TurnOptions {
  /** Ends the turn. */
  signal?: AbortSignal | undefined;
}

interface LoadedAgent {
  config: NanoAgentConfig;
  engine: Engine;
  /** Whether `unload` closes the engine: only one that `load` opened. */
  ownsEngine: boolean;
  history: History;
  queue: TurnQueue;
  /** The turn that runs. */
  turn: AbortController | null;
}

/**
 * One agent and its conversation.
 *
 * - Messages are answered one at a time, in the order in which they came; up to 64 wait.
 * - A turn is in the history whole or not at all: one that fails or is aborted leaves nothing behind.
 * - `process` and `stream` before `load`, or after `unload`, fail with `not-loaded`.
 * - The empty message is a message like any other; one longer than {@link MAX_MESSAGE_BYTES} fails with
 *   `message-too-large`.
 */
export class NanoRuntime implements AsyncDisposable {
  readonly #givenEngine: Engine | undefined;
  #agent: LoadedAgent | null = null;
  /** The load or unload that is under way. */
  #changing: Promise<void> | null = null;
  #history = new History();
  #notices: readonly string[] = [];

  constructor({ engine }: NanoRuntimeOptions = {}) {
    this.#givenEngine = engine;
  }

  /**
   * The conversation so far, oldest first: a copy. It holds the newest 4 MB, counted at two bytes a character and 200
   * for each message; whole turns leave at the oldest end, and {@link droppedTurns} counts them. It stays readable
   * after `unload` and begins anew with the next `load`.
   */
  get history(): readonly AgentMessage[] {
    return this.#history.messages;
  }

  /** How many of the oldest turns are no longer in {@link history}. */
  get droppedTurns(): number {
    return this.#history.droppedTurns;
  }

  /** What the config asks for and this version does not act on, one sentence each; known once `load` is done. */
  get notices(): readonly string[] {
    return this.#notices;
  }

  /**
   * Gets an agent ready. Checks first that it fits: an agent that may take more memory than the device has is refused
   * before anything is opened. Throws {@link NanoRuntimeError}, {@link EngineError}, or {@link InvalidDataError} for a
   * config of the wrong shape.
   */
  async load(config: NanoAgentConfigInput): Promise<void> {
    if (this.#agent !== null || this.#changing !== null) {
      throw new NanoRuntimeError({
        code: "already-loaded",
        message: "An agent is loaded already.",
        hint: "Call unload() first, or use another NanoRuntime.",
      });
    }
    this.#changing = this.#open(config);
    try {
      await this.#changing;
    } finally {
      this.#changing = null;
    }
  }

  async #open(input: NanoAgentConfigInput): Promise<void> {
    const config = NanoAgentConfig.parse(input);
    refuseIfTooLarge(config);
    if (config.model_path !== null) {
      // Looking at a file needs Node; this module does not.
      const { checkModelFile } = await import("./node/check-model-file.js");
      await checkModelFile(config.model_path, config.spec.max_model_size_mb);
    }
    const engine = this.#givenEngine ?? (await openEngine(config));
    const history = new History();
    this.#history = history;
    this.#notices = describeUnused(config, engine);
    this.#agent = {
      config,
      engine,
      ownsEngine: engine !== this.#givenEngine,
      history,
      queue: new TurnQueue(),
      turn: null,
    };
  }

  /** The reply to a message. Throws what {@link stream} reports as an `error` event. */
  async process(message: string | AgentMessageInput, options: TurnOptions = {}): Promise<AgentMessage> {
    let last: AgentEvent | null = null;
    for await (const event of this.stream(message, options)) last = event;
    if (last?.type === "error") throw last.error;
    if (last?.type !== "run-end") throw new TypeError("A run ended without an end");
    return last.reply;
  }

  /**
   * Answers a message and says what happens meanwhile. Never throws: the last event is one `run-end` or one `error`.
   * The message takes its place in the queue when the first event is asked for; a caller that stops reading (`break`)
   * has aborted, and one that reads no further holds up the messages behind it.
   */
  async *stream(message: string | AgentMessageInput, { signal }: TurnOptions = {}): AsyncGenerator<AgentEvent, void> {
    const turn = new AbortController();
    const abort = () => turn.abort();
    let agent: LoadedAgent | null = null;
    let hasTurn = false;
    let finished = false;
    try {
      const checked = checkMessage(message);
      agent = this.#requireAgent();
      signal?.addEventListener("abort", abort, { once: true });
      if (signal?.aborted) throw aborted();
      await agent.queue.enter(turn.signal, aborted);
      hasTurn = true;
      agent.turn = turn;
      yield* runTurn(agent, checked, turn.signal);
      finished = true;
    } catch (error) {
      finished = true;
      yield { type: "error", error: asNanoAgentError(error) };
    } finally {
      if (!finished) abort();
      signal?.removeEventListener("abort", abort);
      if (hasTurn) agent?.queue.leave();
    }
  }

  /** Ends the turn that runs, refuses those that wait, and closes the engine. Does nothing when nothing is loaded. */
  async unload(): Promise<void> {
    // A load that fails has nothing to unload, and its caller has the error.
    await this.#changing?.catch(() => {});
    const agent = this.#agent;
    if (agent === null) return;
    this.#agent = null;
    this.#changing = close(agent);
    try {
      await this.#changing;
    } finally {
      this.#changing = null;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.unload();
  }

  #requireAgent(): LoadedAgent {
    if (this.#agent === null) throw notLoaded();
    return this.#agent;
  }
}

async function* runTurn(agent: LoadedAgent, message: AgentMessage, signal: AbortSignal): AsyncGenerator<AgentEvent> {
  const { engine, history } = agent;
  const messages = history.begin(message);
  try {
    yield { type: "run-start", message };
    const instructions = agent.config.instructions ?? null;
    const window = await selectWindow(engine, instructions, messages);
    const result = yield* runAgentLoop(engine, { instructions, messages: window }, signal);
    if (result.reason === "abort" || signal.aborted) throw aborted();
    const reply: AgentMessage = { role: "assistant", content: result.text, timestamp: new Date().toISOString() };
    history.commit(reply);
    yield { type: "run-end", reply, reason: result.reason, usage: result.usage };
  } finally {
    history.rollback();
  }
}

async function close({ engine, ownsEngine, queue, turn }: LoadedAgent): Promise<void> {
  queue.refuseWaiting(notLoaded);
  turn?.abort();
  await waitAtMost(UNLOAD_MILLISECONDS, queue.idle());
  if (ownsEngine) await engine.close();
}

async function waitAtMost(milliseconds: number, what: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([what, limit]);
  clearTimeout(timer);
}

function refuseIfTooLarge({ spec, device }: NanoAgentConfig): void {
  if (spec.max_memory_mb <= device.memory_mb) return;
  throw new NanoRuntimeError({
    code: "insufficient-memory",
    message: `Agent requires ${spec.max_memory_mb} MB but device only has ${device.memory_mb} MB.`,
    hint: `Lower spec.max_memory_mb to ${device.memory_mb} or less, or run the agent on a larger device.`,
  });
}

function checkMessage(message: string | AgentMessageInput): AgentMessage {
  const input = typeof message === "string" ? { role: "user", content: message } : message;
  const result = AgentMessage.safeParse(input);
  if (!result.success) {
    throw new NanoRuntimeError({
      code: "invalid-message",
      message: `The message is not valid: ${new InvalidDataError(result.issues).message}.`,
      hint: 'Pass a string, or { role: "user", content: "…" }.',
    });
  }
  const { role, content } = result.value;
  if (role !== "user") {
    throw new NanoRuntimeError({
      code: "invalid-message",
      message: `A message to answer comes from the user, not from the role "${role}".`,
      hint: 'Pass { role: "user", content: "…" }.',
    });
  }
  if (isTooLarge(content)) {
    throw new NanoRuntimeError({
      code: "message-too-large",
      message: `The message has more than ${MAX_MESSAGE_BYTES} bytes, the most that is taken.`,
      hint: "Send it in parts.",
    });
  }
  return result.value;
}

/** Most texts are far from the limit in any encoding and need no counting. */
function isTooLarge(text: string): boolean {
  if (text.length * 3 <= MAX_MESSAGE_BYTES) return false;
  return text.length > MAX_MESSAGE_BYTES || new TextEncoder().encode(text).length > MAX_MESSAGE_BYTES;
}

function describeUnused(config: NanoAgentConfig, engine: Engine): string[] {
  const notices: string[] = keysNotYetActedOn
    .filter((key) => config[key] !== undefined && config[key] !== null)
    .map((key) => `"${key}" is set, but this version does not act on it yet.`);
  if (engine.name !== "rules") return notices;
  if (config.instructions !== undefined) notices.push('"instructions" has no effect on the rules engine.');
  for (const key of Object.keys(config.engine ?? {})) {
    if (key !== "type") notices.push(`"engine.${key}" has no effect on the rules engine.`);
  }
  return notices;
}

function notLoaded(): NanoRuntimeError {
  return new NanoRuntimeError({
    code: "not-loaded",
    message: "No agent is loaded.",
    hint: "Call load(config) first.",
  });
}

function aborted(): NanoRuntimeError {
  return new NanoRuntimeError({ code: "aborted", message: "The turn was aborted; nothing of it is in the history." });
}

function asNanoAgentError(error: unknown): NanoAgentError {
  if (NanoAgentError.isInstance(error)) return error;
  return new EngineError({
    code: "engine-failed",
    message: "The engine failed in an unexpected way.",
    reason: error instanceof Error ? error.message : String(error),
    cause: error,
  });
}
