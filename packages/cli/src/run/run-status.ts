import type { AgentEvent } from "@nanoagent/runtime";
import { formatDuration, secondsLeft } from "../output/duration.js";
import { plainLine } from "../output/plain-text.js";
import type { StatusLine } from "../output/status-line.js";

/** Says on a status line what the agent is busy with: loading, reading, thinking, or a call. */
export class RunStatus {
  readonly #line: StatusLine;
  readonly #model: string;
  readonly #timeoutOf: (tool: string) => number | null;
  /** Whether this reply has begun to report how far its prompt is read. */
  #isReading = false;
  #thoughts = 0;

  /** `timeoutOf` returns the seconds that a tool may run, or null. */
  constructor(line: StatusLine, model: string, timeoutOf: (tool: string) => number | null = () => null) {
    this.#line = line;
    this.#model = plainLine(model);
    this.#timeoutOf = timeoutOf;
  }

  /** Begins the loading of the model. */
  load(): void {
    this.#line.begin((seconds) => `Loading ${this.#model}: ${formatDuration(seconds)}`);
  }

  /** Loading has got this far, from 0 to 1. */
  loaded(share: number): void {
    this.#line.update((seconds) => {
      const left = secondsLeft(share, seconds);
      return `Loading ${this.#model}: ${Math.floor(share * 100)} %${left === null ? "" : `, about ${formatDuration(left)} left`}`;
    });
  }

  /** Follows the events of a turn. */
  follow(event: AgentEvent): void {
    switch (event.type) {
      case "run-start":
        this.#answer();
        return;
      case "prompt-progress":
        this.#read(event.read_tokens, event.prompt_tokens);
        return;
      case "reasoning-delta":
        this.#thoughts += 1;
        this.#line.update(
          (seconds) => `${this.#model} is thinking: ${this.#thoughts} tokens, ${formatDuration(seconds)}`,
        );
        return;
      case "tool-call": {
        const name = plainLine(event.name);
        const timeout = this.#timeoutOf(event.name);
        const limit = timeout === null ? "" : ` of at most ${formatDuration(timeout)}`;
        this.#line.begin((seconds) => `Calling ${name}: ${formatDuration(seconds)}${limit}`);
        return;
      }
      case "tool-result":
        this.#answer();
        return;
      case "text-delta":
      case "run-end":
      case "error":
        this.clear();
    }
  }

  /** Takes the line away. */
  clear(): void {
    this.#line.clear();
  }

  #answer(): void {
    this.#isReading = false;
    this.#thoughts = 0;
    this.#line.begin((seconds) => `${this.#model} is working: ${formatDuration(seconds)}`);
  }

  #read(readTokens: number, promptTokens: number): void {
    const from = this.#isReading ? null : readTokens;
    if (from !== null) {
      this.#isReading = true;
      const count = (tokens: number) => tokens.toLocaleString("en-US");
      this.#progress = { from, read: readTokens };
      this.#line.begin((seconds) => {
        const { read } = this.#progress;
        const left = secondsLeft((read - from) / Math.max(1, promptTokens - from), seconds);
        return `${this.#model} is reading: ${count(read)} of ${count(promptTokens)} tokens${left === null ? "" : `, about ${formatDuration(left)} left`}`;
      });
    }
    this.#progress.read = readTokens;
  }

  #progress = { from: 0, read: 0 };
}
