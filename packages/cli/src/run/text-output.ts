import { cutText, NanoAgentError } from "@nanoagent/models";
import type { AgentEvent, NanoRuntime } from "@nanoagent/runtime";
import { presentError } from "../errors/present-error.js";
import { plainLine, plainText } from "../output/plain-text.js";
import type { TerminalStyle } from "../output/terminal-style.js";
import { visibleText } from "../output/visible-text.js";
import { wrapFor } from "../output/wrap-text.js";
import type { Streams } from "../streams.js";
import { argumentLines } from "./ask-permission.js";
import { describePressure } from "./describe-memory.js";
import { type ReplyOutput, roomIn } from "./reply-output.js";
import type { RunStatus } from "./run-status.js";
import { describeEnd, describeNotSaved, describeOverflow, GrowthNotes } from "./turn-notes.js";
import { describeStatistics, TurnClock } from "./turn-statistics.js";

/** Breaks a text into lines while it is written. */
export interface TextWrap {
  push(text: string): string;
  flush(): string;
}

export interface TextOutputOptions {
  /** Shows statistics after each reply, with the memory of this runtime. */
  statistics?: NanoRuntime | null;
  /** Breaks replies at the width of the terminal. Default: they are left as they are. */
  wrap?: TextWrap | null;
  /** Says what the agent is busy with. Default: nothing does. */
  status?: RunStatus | null;
  /** Whether a person sits in front of it: then tool calls are shown, and a conversation that goes on is said to. */
  isInteractive?: boolean;
  style?: TerminalStyle | null;
}

const asIs: TextWrap = { push: (text) => text, flush: () => "" };
const unstyled: TerminalStyle = { bold: (text) => text, dim: (text) => text };
/** Longest part of a tool's result that is shown. */
const MAX_RESULT_CHARACTERS = 300;

/** For people: replies on stdout as they are written, everything else on stderr. */
export class TextOutput implements ReplyOutput {
  readonly #streams: Streams;
  readonly #statistics: NanoRuntime | null;
  readonly #wrap: TextWrap;
  readonly #status: RunStatus | null;
  readonly #isInteractive: boolean;
  readonly #style: TerminalStyle;
  readonly #clock = new TurnClock();
  readonly #growths = new GrowthNotes();
  #inReply = false;
  /** Calls that run, by their id. */
  readonly #calls = new Map<string, { name: string; arguments: unknown }>();
  /** Whether a question has shown the newest call. */
  #wasAsked = false;
  /** Notice that is written after the reply; empty without one. */
  #notice = "";

  constructor(streams: Streams, options: TextOutputOptions = {}) {
    this.#streams = streams;
    this.#statistics = options.statistics ?? null;
    this.#wrap = options.wrap ?? asIs;
    this.#status = options.status ?? null;
    this.#isInteractive = options.isInteractive ?? false;
    this.#style = options.style ?? unstyled;
  }

  begin(agentName: string, platform: string, messages: number): void {
    const { stdout } = this.#streams;
    stdout.write(`Agent '${plainLine(agentName)}' loaded on ${plainLine(platform)}.\nType 'quit' to exit.\n`);
    const what = messages === 1 ? "1 message" : `${messages} messages`;
    const continues = `Continuing ${what}; /reset starts over.`;
    if (!this.#isInteractive) {
      if (messages > 0) this.#tell(`note: ${continues}\n`);
      return;
    }
    stdout.write(messages > 0 ? `${this.#style.dim(continues)}\n\n` : "\n");
  }

  async show(event: AgentEvent): Promise<void> {
    const { stdout } = this.#streams;
    this.#clock.follow(event);
    switch (event.type) {
      case "text-delta":
        this.#status?.follow(event);
        stdout.write(this.#wrap.push(`${this.#inReply ? "" : "Agent: "}${plainText(event.text)}`));
        this.#inReply = true;
        break;
      case "text-retraction":
        if (this.#inReply) this.#endReply("(So far the model was only thinking.)\n");
        break;
      case "tool-call":
        this.#endReply();
        this.#calls.set(event.id, event);
        this.#wasAsked = false;
        this.#status?.follow(event);
        break;
      case "tool-result":
        this.#status?.clear();
        this.#showCall(event);
        this.#status?.follow(event);
        break;
      case "run-end":
        this.#status?.follow(event);
        if (!this.#inReply) stdout.write("Agent:");
        this.#inReply = true;
        this.#endReply();
        this.#tell(this.#notice + describeEnd(event));
        this.#notice = "";
        if (event.not_saved !== undefined) this.#tell(describeNotSaved(event.not_saved));
        if (this.#statistics !== null) await this.#showStatistics(event, this.#statistics);
        break;
      case "memory-pressure":
        this.#note(describePressure(event));
        this.#growths.forget();
        break;
      case "context-growth":
        this.#note(this.#growths.describe(event));
        break;
      case "window-overflow":
        this.#notice = describeOverflow(event);
        break;
      case "error":
        this.#status?.follow(event);
        this.#showFailure(event);
        break;
      default:
        this.#status?.follow(event);
    }
    await roomIn(this.#streams);
  }

  /** Takes the status line away while a person is asked about a call, which the question shows. */
  asking(): void {
    this.#status?.clear();
    this.#wasAsked = true;
  }

  showCommand(_command: string, text: string): void {
    const { stdout } = this.#streams;
    stdout.write(wrapFor(stdout, text));
  }

  showError(error: NanoAgentError): void {
    this.#tell(presentError(error));
  }

  finish(): void {
    this.#status?.clear();
    this.#streams.stdout.write("Session ended.\n");
  }

  #endReply(remark = ""): void {
    if (this.#inReply) this.#streams.stdout.write(`${this.#wrap.flush()}${this.#wrap.push(`\n${remark}`)}`);
    this.#inReply = false;
  }

  #note(note: string): void {
    if (note === "") return;
    this.#status?.clear();
    // On one screen the note stands on lines of its own; elsewhere the reply is not touched.
    const { stdout } = this.#streams;
    if (this.#inReply && stdout.isTTY) stdout.write(`${this.#wrap.flush()}${this.#wrap.push("\n")}`);
    this.#tell(note);
  }

  #showFailure(event: Extract<AgentEvent, { type: "error" }>): void {
    const { stop } = this.#streams;
    // Text that was shown and is not part of the conversation must not look as if it were.
    this.#endReply(event.reply === undefined ? "(This reply was not kept.)\n" : "");
    if (event.not_saved !== undefined) this.#tell(describeNotSaved(event.not_saved));
    // A program that is being stopped needs no message about it.
    if (stop.aborted) return;
    const isStopped = NanoAgentError.isInstance(event.error) && event.error.code === "aborted";
    const stopped = this.#isInteractive ? "(stopped; Ctrl-C again ends the session)\n" : "(stopped)\n";
    this.#tell(isStopped ? stopped : presentError(event.error));
  }

  #showCall({ id, content, is_error }: Extract<AgentEvent, { type: "tool-result" }>): void {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    if (!this.#isInteractive || call === undefined) return;
    const lines = this.#wasAsked ? [] : [`Tool ${visibleText(call.name)}`, ...argumentLines(call.arguments)];
    const result = plainLine(content.replace(/\s+/g, " ").trim());
    const cut = result.length > MAX_RESULT_CHARACTERS ? `${cutText(result, MAX_RESULT_CHARACTERS)}…` : result;
    lines.push(`  ${is_error ? "failed" : "result"}: ${cut}`);
    this.#streams.stdout.write(lines.map((line) => `${this.#style.dim(line)}\n`).join(""));
  }

  async #showStatistics({ usage }: Extract<AgentEvent, { type: "run-end" }>, runtime: NanoRuntime): Promise<void> {
    const figures = this.#clock.read(usage, await runtime.memory());
    const { stderr } = this.#streams;
    stderr.write(`${this.#style.dim(wrapFor(stderr, describeStatistics(figures).trimEnd()))}\n`);
  }

  /** Writes a note or an error beside the replies. */
  #tell(text: string): void {
    const { stderr } = this.#streams;
    stderr.write(wrapFor(stderr, text));
  }
}
