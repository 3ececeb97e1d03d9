import type { NanoAgentError } from "@nanoagent/models";
import type { AgentEvent, NanoRuntime } from "@nanoagent/runtime";
import { formatJson } from "../output/format.js";
import type { Streams } from "../streams.js";
import { describePressure } from "./describe-memory.js";
import type { JsonMessage } from "./json-message.js";
import { type ReplyOutput, roomIn } from "./reply-output.js";
import { describeOverflow, GrowthNotes } from "./turn-notes.js";
import { TurnClock } from "./turn-statistics.js";

export interface JsonOutputOptions {
  /** Name of the model, as each line has it. */
  model: string;
  runtime: NanoRuntime;
  /** Adds the figures of the reply to each line. */
  hasStatistics: boolean;
}

/** A tool that was called on the way to a reply, and its result. */
interface ShownCall {
  name: string;
  arguments: unknown;
  result: string | null;
  is_error: boolean;
}

/**
 * For programs: one object a line on stdout. A reply has its turn, reason, model and tokens; an error stands in its place;
 * a slash command has its own line. Each carries the id of its request. Notes go to stderr.
 */
export class JsonOutput implements ReplyOutput {
  readonly #streams: Streams;
  readonly #options: JsonOutputOptions;
  readonly #calls = new Map<string, ShownCall>();
  readonly #growths = new GrowthNotes();
  readonly #clock = new TurnClock();
  /** Number of the turn that is answered; null outside one. */
  #turn: number | null = null;
  /** Number of turns that the conversation has. Counted again when null: that reads all of the history. */
  #turns: number | null = null;
  #id: JsonMessage["id"];

  constructor(streams: Streams, options: JsonOutputOptions) {
    this.#streams = streams;
    this.#options = options;
  }

  /** Sets the id of the request that is answered next. */
  answering(id: JsonMessage["id"]): void {
    this.#id = id;
  }

  begin(): void {}

  async show(event: AgentEvent): Promise<void> {
    const { stderr } = this.#streams;
    this.#clock.follow(event);
    if (event.type === "run-start") {
      this.#calls.clear();
      this.#turns ??= countTurns(this.#options.runtime);
      this.#turn = this.#turns + 1;
    } else if (event.type === "tool-call") {
      this.#calls.set(event.id, { name: event.name, arguments: event.arguments, result: null, is_error: false });
    } else if (event.type === "tool-result") {
      const call = this.#calls.get(event.id);
      if (call !== undefined) Object.assign(call, { result: event.content, is_error: event.is_error });
    } else if (event.type === "run-end") {
      this.#turns = this.#turn;
      await this.#showReply(event);
    } else if (event.type === "memory-pressure") {
      stderr.write(describePressure(event));
      this.#growths.forget();
    } else if (event.type === "context-growth") stderr.write(this.#growths.describe(event));
    else if (event.type === "window-overflow") stderr.write(describeOverflow(event));
    else if (event.type === "error") {
      const { error, reply, not_saved } = event;
      if (reply !== undefined) this.#turns = this.#turn;
      this.#write({
        error: error.toJSON(),
        ...(reply && { reply }),
        ...(not_saved && { not_saved: not_saved.toJSON() }),
      });
    }
    await roomIn(this.#streams);
  }

  showCommand(command: string, text: string): void {
    this.#turn = null;
    // It may have begun another conversation.
    this.#turns = null;
    this.#write({ command, text: text.trimEnd() });
  }

  showError(error: NanoAgentError): void {
    this.#turn = null;
    this.#write({ error: error.toJSON() });
  }

  finish(): void {}

  async #showReply({ reply, reason, usage, not_saved }: Extract<AgentEvent, { type: "run-end" }>): Promise<void> {
    const { model, runtime, hasStatistics } = this.#options;
    const statistics = hasStatistics ? this.#clock.read(usage, await runtime.memory()) : null;
    this.#write({
      ...reply,
      reason,
      model,
      usage,
      ...(this.#calls.size > 0 && { tool_calls: [...this.#calls.values()] }),
      ...(not_saved !== undefined && { not_saved: not_saved.toJSON() }),
      ...(statistics !== null && { statistics }),
    });
  }

  #write(object: object): void {
    const id = this.#id === undefined ? {} : { id: this.#id };
    const turn = this.#turn === null ? {} : { turn: this.#turn };
    this.#streams.stdout.write(formatJson({ ...id, ...turn, ...object }));
  }
}

/** Number of turns of the conversation so far, those that are no longer in memory included. */
function countTurns({ history, droppedTurns }: NanoRuntime): number {
  return droppedTurns + history.filter(({ role }) => role === "user").length;
}
