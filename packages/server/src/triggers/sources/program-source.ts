import path from "node:path";
import { type CommandSource, cutText } from "@nanoagent/models";
import type { ProgramEnd } from "@nanoagent/runtime/node";
import type { AcceptEvent } from "../trigger-event.js";
import { EventFeed } from "./event-feed.js";
import type { EventSource, SourceState } from "./event-source.js";
import { readPayload } from "./read-payload.js";
import type { SourceContext } from "./source-context.js";
import { SupervisedProgram } from "./supervise-program.js";

/** Most characters of a program's name in a message. */
const MAX_NAME_CHARACTERS = 100;

/** A program that prints a line for each event. The line is read as JSON, a number or text. */
export class ProgramSource implements EventSource {
  readonly #context: SourceContext;
  readonly #program: SupervisedProgram;
  #feed: EventFeed | null = null;

  constructor(settings: CommandSource, context: SourceContext, options: { firstPauseMilliseconds?: number } = {}) {
    const { command, working_directory = ".", environment } = settings;
    this.#context = context;
    this.#program = new SupervisedProgram({
      findCommand: async () => command,
      folder: path.resolve(context.configFolder, working_directory),
      environment,
      onLine: (line) => this.#add(line),
      explain: (end) => explainEnd(cutText(command[0] ?? "", MAX_NAME_CHARACTERS), end),
      onNotice: context.onNotice,
      clock: context.clock,
      ...options,
    });
  }

  get state(): SourceState {
    const problem = this.#feed?.problem ?? null;
    return problem === null ? this.#program.state : { status: "failing", problem };
  }

  start(accept: AcceptEvent): void {
    const { clock } = this.#context;
    this.#feed = new EventFeed({ accept, clock, onRoom: () => this.#program.resume() });
    this.#program.start();
  }

  noteRoom(): void {
    this.#feed?.retry();
  }

  async close(): Promise<void> {
    await this.#program.close();
    await this.#feed?.close();
  }

  #add(line: Uint8Array): void {
    const { trigger, clock } = this.#context;
    void this.#feed?.add({ trigger, at: clock.now(), payload: readPayload(line) });
    if (this.#feed?.isFull) this.#program.pause();
  }
}

function explainEnd(name: string, { exitCode, signal, said }: ProgramEnd): string {
  const end = signal === null ? `ended with code ${exitCode}` : `was ended by ${signal}`;
  const words = said === "" ? "" : `, and said: ${said}`;
  return `The program ${name} ${end}${words}${/[.!?]$/.test(words) ? "" : "."} It is started again after a pause. Correct the command, or the program.`;
}
