import { cutText, type GpioSource as GpioSettings, parseDuration } from "@nanoagent/models";
import type { AcceptEvent } from "../../trigger-event.js";
import type { EventSource, SourceState } from "../event-source.js";
import { PrintedEvents } from "../printed-events.js";
import type { SourceContext } from "../source-context.js";
import { EdgeDebouncer } from "./debounce-edges.js";
import { explainGpiomon } from "./explain-gpiomon.js";
import { gpiodRunner } from "./gpiod-programs.js";
import { findGpiomonCommand } from "./gpiomon-command.js";
import { type Edge, readEdge, timeOfEdge } from "./read-edge.js";

const MAX_QUOTED_CHARACTERS = 100;

export interface GpioSourceOptions {
  /** Folders in which the programs of libgpiod are searched. Default: those of the system. */
  readonly searchPath?: string | undefined;
  /** Default: 1000. */
  readonly firstPauseMilliseconds?: number | undefined;
}

/** Edges of a GPIO line, as gpiomon of libgpiod reports them. */
export class GpioSource implements EventSource {
  readonly #settings: GpioSettings;
  readonly #context: SourceContext;
  readonly #events: PrintedEvents;
  #debouncer: EdgeDebouncer | null = null;
  #hasReported = false;

  constructor(settings: GpioSettings, context: SourceContext, options: GpioSourceOptions = {}) {
    this.#settings = settings;
    this.#context = context;
    const { searchPath, firstPauseMilliseconds } = options;
    // Messages in English, which are explained.
    const environment = { LC_ALL: "C", ...(searchPath !== undefined && { PATH: searchPath }) };
    const explain = (said: string) => explainGpiomon(said, settings.line);
    this.#events = new PrintedEvents({
      findCommand: async (signal) => {
        const run = gpiodRunner({ folder: context.configFolder, environment, explain, signal });
        const { version, command } = await findGpiomonCommand(settings, run);
        this.#debouncer?.close();
        this.#debouncer = version === 1 ? this.#createDebouncer() : null;
        return command;
      },
      folder: context.configFolder,
      environment,
      onLine: (line) => this.#read(new TextDecoder().decode(line)),
      explain: ({ said, exitCode, signal }) =>
        explain(said === "" ? (signal ?? `code ${exitCode}`) : cutText(said, 2 * MAX_QUOTED_CHARACTERS)),
      onNotice: context.onNotice,
      clock: context.clock,
      firstPauseMilliseconds,
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

  async close(): Promise<void> {
    await this.#events.close();
    this.#debouncer?.close();
  }

  #createDebouncer(): EdgeDebouncer | null {
    const milliseconds = parseDuration(this.#settings.debounce ?? "0s") ?? 0;
    return milliseconds === 0 ? null : new EdgeDebouncer(milliseconds, (edge, at) => this.#add(edge, at));
  }

  #read(line: string): void {
    const { clock, onNotice } = this.#context;
    const event = readEdge(line);
    if (event === null) {
      const quoted = JSON.stringify(cutText(line, MAX_QUOTED_CHARACTERS));
      if (!this.#hasReported) onNotice?.(`gpiomon wrote a line that is not an edge, which is ignored: ${quoted}`);
      this.#hasReported = true;
      return;
    }
    const at = Math.round(timeOfEdge(event.stamp, clock.now(), Number(process.hrtime.bigint()) / 1e6));
    if (this.#debouncer === null) this.#add(event.edge, at);
    else this.#debouncer.add(event.edge, at);
  }

  #add(edge: Edge, at: number): void {
    const { line, edge: wanted = "both" } = this.#settings;
    if (wanted !== "both" && wanted !== edge) return;
    const payload = { line, edge, level: edge === "rising" ? 1 : 0 };
    this.#events.add({ trigger: this.#context.trigger, at, payload });
  }
}
