import { once } from "node:events";
import { NanoAgentError } from "@nanoagent/models";
import type { AgentEvent, NanoRuntime, TokenUsage } from "@nanoagent/runtime";
import { presentError } from "../errors/present-error.js";
import { formatJson } from "../output/format.js";
import { plainLine, plainText } from "../output/plain-text.js";
import type { Streams } from "../streams.js";
import { describePressure } from "./describe-memory.js";

/** How a conversation is shown. */
export interface ReplyOutput {
  begin(agentName: string, platform: string): void;
  /** Resolves when the reader has room for more. */
  show(event: AgentEvent): Promise<void>;
  finish(): void;
}

/** For people: replies as they are written, errors on stderr. */
export class TextOutput implements ReplyOutput {
  readonly #streams: Streams;
  readonly #showsStatistics: boolean;
  readonly #runtime: NanoRuntime | null;
  #inReply = false;
  #began = 0;
  #firstText: number | null = null;
  readonly #growths = new GrowthNotes();
  /** Notice that is written after the reply; empty without one. */
  #notice = "";

  /** Statistics are those of replies; with a runtime, its memory is among them. */
  constructor(streams: Streams, showsStatistics = false, runtime: NanoRuntime | null = null) {
    this.#streams = streams;
    this.#showsStatistics = showsStatistics;
    this.#runtime = runtime;
  }

  begin(agentName: string, platform: string): void {
    const { stdin, stdout } = this.#streams;
    stdout.write(`Agent '${plainLine(agentName)}' loaded on ${plainLine(platform)}.\nType 'quit' to exit.\n`);
    if (stdin.isTTY && stdout.isTTY) stdout.write("\n");
  }

  async show(event: AgentEvent): Promise<void> {
    const { stdout, stderr, stop } = this.#streams;
    if (event.type === "run-start") {
      this.#began = performance.now();
      this.#firstText = null;
    } else if (event.type === "text-delta") {
      this.#firstText ??= performance.now();
      stdout.write(`${this.#inReply ? "" : "Agent: "}${plainText(event.text)}`);
      this.#inReply = true;
    } else if (event.type === "text-retraction") {
      if (this.#inReply) stdout.write("\n(So far the model was only thinking.)\n");
      this.#inReply = false;
    } else if (event.type === "run-end") {
      stdout.write(this.#inReply ? "\n" : "Agent:\n");
      this.#inReply = false;
      stderr.write(this.#notice);
      this.#notice = "";
      if (event.reason !== "stop") stderr.write(describeEnd(event));
      if (event.not_saved !== undefined) stderr.write(describeNotSaved(event.not_saved));
      if (this.#showsStatistics) stderr.write(await this.#statistics(event.usage));
    } else if (event.type === "memory-pressure") {
      if (this.#inReply) stdout.write("\n");
      this.#inReply = false;
      stderr.write(describePressure(event));
      this.#growths.forget();
    } else if (event.type === "context-growth") stderr.write(this.#growths.describe(event));
    else if (event.type === "window-overflow") {
      this.#notice = describeOverflow(event);
    } else if (event.type === "error") {
      // What was shown and is not part of the conversation must not look as if it were.
      const isLost = this.#inReply && event.reply === undefined;
      if (this.#inReply) stdout.write(isLost ? "\n(This reply was not kept.)\n" : "\n");
      this.#inReply = false;
      if (event.not_saved !== undefined) stderr.write(describeNotSaved(event.not_saved));
      // Whoever told the whole program to stop needs no word of it.
      if (!stop.aborted) stderr.write(isAbort(event.error) ? "(stopped)\n" : presentError(event.error));
    }
    await roomIn(this.#streams);
  }

  finish(): void {
    this.#streams.stdout.write("Session ended.\n");
  }

  async #statistics(usage: TokenUsage | null): Promise<string> {
    const now = performance.now();
    const firstText = this.#firstText ?? now;
    const parts = [`first text after ${Math.round(firstText - this.#began)} ms`];
    if (usage !== null) {
      const { prompt_tokens, cached_prompt_tokens = 0, completion_tokens, reasoning_tokens = 0 } = usage;
      parts.unshift(
        `${prompt_tokens} tokens read (${cached_prompt_tokens} known already)`,
        `${completion_tokens} written${reasoning_tokens > 0 ? ` (${reasoning_tokens} of them thoughts)` : ""}`,
      );
      // The first one is the reading's.
      const seconds = (now - firstText) / 1000;
      if (completion_tokens > 1 && seconds > 0)
        parts.push(`${((completion_tokens - 1) / seconds).toFixed(1)} tokens a second`);
    }
    const memory = await this.#runtime?.memory();
    if (memory !== undefined) parts.push(`${toMb(memory.used_bytes)} of ${toMb(memory.limit_bytes)} MB`);
    return `(${parts.join(", ")})\n`;
  }
}

/** A tool that was called on the way to a reply, and what came of it. */
interface ShownCall {
  name: string;
  arguments: unknown;
  result: string | null;
  is_error: boolean;
}

/** For programs: one line a message, the reply with the tools that were called, or its error. */
export class JsonOutput implements ReplyOutput {
  readonly #streams: Streams;
  readonly #calls = new Map<string, ShownCall>();
  readonly #growths = new GrowthNotes();

  constructor(streams: Streams) {
    this.#streams = streams;
  }

  begin(): void {}

  async show(event: AgentEvent): Promise<void> {
    const { stdout, stderr } = this.#streams;
    if (event.type === "run-start") this.#calls.clear();
    else if (event.type === "tool-call") {
      this.#calls.set(event.id, { name: event.name, arguments: event.arguments, result: null, is_error: false });
    } else if (event.type === "tool-result") {
      const call = this.#calls.get(event.id);
      if (call !== undefined) Object.assign(call, { result: event.content, is_error: event.is_error });
    } else if (event.type === "run-end") {
      const { reply, not_saved } = event;
      stdout.write(
        formatJson({
          ...reply,
          ...(this.#calls.size > 0 && { tool_calls: [...this.#calls.values()] }),
          ...(not_saved !== undefined && { not_saved: not_saved.toJSON() }),
        }),
      );
    } else if (event.type === "memory-pressure") {
      stderr.write(describePressure(event));
      this.#growths.forget();
    } else if (event.type === "context-growth") stderr.write(this.#growths.describe(event));
    else if (event.type === "window-overflow") stderr.write(describeOverflow(event));
    else if (event.type === "error") {
      const { error, reply, not_saved } = event;
      stdout.write(
        formatJson({
          error: error.toJSON(),
          ...(reply && { reply }),
          ...(not_saved && { not_saved: not_saved.toJSON() }),
        }),
      );
    }
    await roomIn(this.#streams);
  }

  finish(): void {}
}

function describeOverflow({ left_turns, summarized }: Extract<AgentEvent, { type: "window-overflow" }>): string {
  const turns = left_turns === 1 ? "The oldest turn" : `The ${left_turns} oldest turns`;
  const instead = summarized ? "; the model is shown a summary in their place" : "";
  return `note: ${turns} no longer fit the model's context${instead}.\n`;
}

/** Says that a context has grown, once for each length: after an idle unload it grows to the same again. */
class GrowthNotes {
  #toldTokens = 0;

  /** Empty for a length that was told. */
  describe({ context_tokens, previous_tokens }: Extract<AgentEvent, { type: "context-growth" }>): string {
    if (context_tokens <= this.#toldTokens) return "";
    this.#toldTokens = context_tokens;
    return `note: The conversation needs more room: the model was loaded again with ${context_tokens} tokens of context instead of ${previous_tokens}.\n`;
  }

  /** Forgets what was told. Called when memory pressure has cut the context: its next growth is news. */
  forget(): void {
    this.#toldTokens = 0;
  }
}

/** Why a reply is not complete. */
function describeEnd({ reason, usage }: Extract<AgentEvent, { type: "run-end" }>): string {
  if (reason === "repetition") return "note: The reply was stopped because it repeated itself.\n";
  if (reason !== "length") return "";
  const tokens = usage === null ? "" : ` after ${usage.completion_tokens} tokens`;
  return `note: The reply was cut off${tokens}: it reached the limit (--max-tokens, sampling.max_tokens or the context). Say "continue" for the rest.\n`;
}

function describeNotSaved({ message, reason }: NanoAgentError): string {
  return plainText(`note: This reply is not saved. ${message}${reason === null ? "" : ` (${reason})`}\n`);
}

function toMb(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}

/** Waits while the reader of the output does not keep up; no longer than until the program is told to stop. */
async function roomIn({ stdout, stop }: Streams): Promise<void> {
  if (!stdout.writableNeedDrain || stop.aborted) return;
  await once(stdout, "drain", { signal: stop }).catch(() => {});
}

function isAbort(error: unknown): boolean {
  return NanoAgentError.isInstance(error) && error.code === "aborted";
}
