import path from "node:path";
import { type CommandSource, cutText } from "@nanoagent/models";
import type { ProgramEnd } from "@nanoagent/runtime/node";
import type { AcceptEvent } from "../trigger-event.js";
import type { EventSource, SourceState } from "./event-source.js";
import { PrintedEvents } from "./printed-events.js";
import { readPayload } from "./read-payload.js";
import type { SourceContext } from "./source-context.js";

/** Most characters of a program's name in a message. */
const MAX_NAME_CHARACTERS = 100;

/** A program that prints a line for each event. The line is read as JSON, a number or text. */
export class ProgramSource implements EventSource {
  readonly #context: SourceContext;
  readonly #events: PrintedEvents;

  constructor(settings: CommandSource, context: SourceContext, options: { firstPauseMilliseconds?: number } = {}) {
    const { command, working_directory = ".", environment } = settings;
    this.#context = context;
    this.#events = new PrintedEvents({
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
    return this.#events.state;
  }

  start(accept: AcceptEvent): void {
    this.#events.start(accept);
  }

  noteRoom(): void {
    this.#events.noteRoom();
  }

  close(): Promise<void> {
    return this.#events.close();
  }

  #add(line: Uint8Array): void {
    const { trigger, clock } = this.#context;
    this.#events.add({ trigger, at: clock.now(), payload: readPayload(line) });
  }
}

function explainEnd(name: string, { exitCode, signal, said }: ProgramEnd): string {
  const end = signal === null ? `ended with code ${exitCode}` : `was ended by ${signal}`;
  const words = said === "" ? "" : `, and said: ${said}`;
  return `The program ${name} ${end}${words}${/[.!?]$/.test(words) ? "" : "."} It is started again after a pause. Correct the command, or the program.`;
}
