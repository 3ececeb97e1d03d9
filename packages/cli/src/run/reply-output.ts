import { NanoAgentError } from "@nanoagent/models";
import type { AgentEvent } from "@nanoagent/runtime";
import { presentError } from "../errors/present-error.js";
import { formatJson } from "../output/format.js";
import { plainText } from "../output/plain-text.js";
import type { Streams } from "../streams.js";

/** How a conversation is shown. */
export interface ReplyOutput {
  begin(agentName: string, platform: string): void;
  show(event: AgentEvent): void;
  finish(): void;
}

/** For people: replies as they are written, errors on stderr. */
export class TextOutput implements ReplyOutput {
  readonly #streams: Streams;
  #inReply = false;

  constructor(streams: Streams) {
    this.#streams = streams;
  }

  begin(agentName: string, platform: string): void {
    const { stdin, stdout } = this.#streams;
    stdout.write(plainText(`Agent '${agentName}' loaded on ${platform}.\nType 'quit' to exit.\n`));
    if (stdin.isTTY && stdout.isTTY) stdout.write("\n");
  }

  show(event: AgentEvent): void {
    const { stdout, stderr } = this.#streams;
    if (event.type === "text-delta") {
      stdout.write(`${this.#inReply ? "" : "Agent: "}${plainText(event.text)}`);
      this.#inReply = true;
    } else if (event.type === "run-end") {
      stdout.write(this.#inReply ? "\n" : "Agent:\n");
      this.#inReply = false;
    } else if (event.type === "error") {
      if (this.#inReply) stdout.write("\n");
      this.#inReply = false;
      stderr.write(isAbort(event.error) ? "(stopped)\n" : presentError(event.error));
    }
  }

  finish(): void {
    this.#streams.stdout.write("Session ended.\n");
  }
}

/** For programs: one line a message, the reply or its error. */
export class JsonOutput implements ReplyOutput {
  readonly #streams: Streams;

  constructor(streams: Streams) {
    this.#streams = streams;
  }

  begin(): void {}

  show(event: AgentEvent): void {
    if (event.type === "run-end") this.#streams.stdout.write(formatJson(event.reply));
    else if (event.type === "error") this.#streams.stdout.write(formatJson({ error: event.error.toJSON() }));
  }

  finish(): void {}
}

function isAbort(error: unknown): boolean {
  return NanoAgentError.isInstance(error) && error.code === "aborted";
}
