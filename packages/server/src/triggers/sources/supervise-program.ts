import { type ProgramEnd, type StartedProgram, startProgram } from "@nanoagent/runtime/node";
import { sleep } from "../acts/sleep.js";
import type { Clock } from "../schedules/clock.js";
import type { SourceState } from "./event-source.js";
import { LineReader } from "./line-reader.js";

/** Longest line of a program. */
const MAX_LINE_BYTES = 64 * 1024;
const FIRST_PAUSE_MILLISECONDS = 1000;
const LONGEST_PAUSE_MILLISECONDS = 5 * 60_000;
/** A program that ran for this time begins again with the first pause. */
const STEADY_MILLISECONDS = 60_000;
/** A program that ran for this time after a failure counts as working. */
const PROBATION_MILLISECONDS = 10_000;

export interface SupervisedProgramOptions {
  /** Returns the program and its arguments. Rejects with an Error whose message is for people. */
  readonly findCommand: (signal: AbortSignal) => Promise<readonly string[]>;
  readonly folder: string;
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** Takes a line without its end. Empty lines are left out. */
  readonly onLine: (line: Uint8Array) => void;
  /** Explains an end in sentences. The program is started again in any case. */
  readonly explain: (end: ProgramEnd) => string;
  readonly onNotice?: ((message: string) => void) | undefined;
  readonly clock: Clock;
  /** Pause before the first restart; each further one takes twice as long, up to 5 minutes. Default: 1000. */
  readonly firstPauseMilliseconds?: number | undefined;
}

/** A program that prints lines for as long as this one runs. It is started again when it ends, for whatever reason. */
export class SupervisedProgram {
  readonly #options: SupervisedProgramOptions;
  readonly #closing = new AbortController();
  #program: StartedProgram | null = null;
  #running: Promise<void> | null = null;
  #problem: string | null = null;
  #isPaused = false;

  constructor(options: SupervisedProgramOptions) {
    this.#options = options;
  }

  get state(): SourceState {
    if (this.#problem !== null) return { status: "failing", problem: this.#problem };
    return { status: this.#program === null ? "waiting" : "listening", problem: null };
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Leaves the output unread, so that the program waits when it has written more than fits into the pipe. */
  pause(): void {
    this.#isPaused = true;
    this.#program?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#program?.resume();
  }

  /** Ends the program and all that it started. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([this.#program?.stop(), this.#running]);
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    const { clock, firstPauseMilliseconds: first = FIRST_PAUSE_MILLISECONDS } = this.#options;
    for (let failures = 0; !signal.aborted; failures += 1) {
      const begin = clock.monotonic();
      const problem = await this.#runOnce(signal).catch((error: unknown) => (error as Error).message);
      if (signal.aborted) return;
      this.#fail(problem);
      if (clock.monotonic() - begin >= STEADY_MILLISECONDS) failures = 0;
      const longest = Math.min(first * 2 ** Math.min(failures, 20), LONGEST_PAUSE_MILLISECONDS);
      await sleep(longest * (0.5 + Math.random() / 2), signal, clock);
    }
  }

  /** Resolves with an explanation when the program has ended. */
  async #runOnce(signal: AbortSignal): Promise<string> {
    const { findCommand, folder, environment, onLine, explain, onNotice, clock } = this.#options;
    const command = await findCommand(signal);
    if (signal.aborted) return "";
    const lines = new LineReader({
      maxBytes: MAX_LINE_BYTES,
      onLine: (line) => {
        this.#recover();
        if (!signal.aborted) onLine(line);
      },
      onLongLine: () => {
        onNotice?.(
          `${command[0]} printed a line of more than ${MAX_LINE_BYTES / 1024} KB, which was left out. Print shorter lines.`,
        );
      },
    });
    const onOutput = (bytes: Uint8Array) => lines.add(bytes);
    const program = await startProgram(command, { folder, environment, onOutput }).catch((cause: Error) => {
      throw new Error(`The program cannot be started: ${cause.message}. Correct the command.`, { cause });
    });
    this.#program = program;
    if (this.#isPaused) program.pause();
    if (signal.aborted) await program.stop();
    const cancel = clock.setTimer(() => this.#recover(), PROBATION_MILLISECONDS);
    const end = await program.ended;
    cancel();
    this.#program = null;
    lines.end();
    return explain(end);
  }

  #recover(): void {
    this.#problem = null;
  }

  #fail(problem: string): void {
    if (problem !== this.#problem) this.#options.onNotice?.(problem);
    this.#problem = problem;
  }
}
