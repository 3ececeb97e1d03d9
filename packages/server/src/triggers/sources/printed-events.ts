import type { AcceptEvent, NewEvent } from "../trigger-event.js";
import { EventFeed } from "./event-feed.js";
import type { EventSource, SourceState } from "./event-source.js";
import { SupervisedProgram, type SupervisedProgramOptions } from "./supervise-program.js";

/** Events that a program prints. The program is not read while too many of them wait for room in the queue. */
export class PrintedEvents implements EventSource {
  readonly #options: SupervisedProgramOptions;
  readonly #program: SupervisedProgram;
  #feed: EventFeed | null = null;

  constructor(options: SupervisedProgramOptions) {
    this.#options = options;
    this.#program = new SupervisedProgram(options);
  }

  get state(): SourceState {
    const problem = this.#feed?.problem ?? null;
    return problem === null ? this.#program.state : { status: "failing", problem };
  }

  start(accept: AcceptEvent): void {
    const { clock } = this.#options;
    this.#feed = new EventFeed({ accept, clock, onRoom: () => this.#program.resume() });
    this.#program.start();
  }

  add(event: NewEvent): void {
    void this.#feed?.add(event);
    if (this.#feed?.isFull) this.#program.pause();
  }

  noteRoom(): void {
    this.#feed?.retry();
  }

  async close(): Promise<void> {
    await this.#program.close();
    await this.#feed?.close();
  }
}
