import type { LogEntry, LogLevel } from "@nanoagent/server";
import { formatJson } from "../output/format.js";
import type { Streams } from "../streams.js";

/** From the most to the least important. */
const levels: readonly LogLevel[] = ["error", "warn", "info", "debug"];

/** Most lines that wait for a question at the terminal to end. */
const MAX_HELD_LINES = 256;

/** Writes the log of a service: one line of JSON for each event, with its time, on stderr. */
export class ServeLog {
  readonly #stderr: Streams["stderr"];
  readonly #leastImportant: number;
  /** Lines that wait; null while lines are written at once. */
  #held: string[] | null = null;

  constructor(stderr: Streams["stderr"], level: string) {
    this.#stderr = stderr;
    this.#leastImportant = levels.indexOf(level as LogLevel);
  }

  /** Writes an entry, unless it is less important than the log's level. */
  readonly write = (entry: LogEntry): void => {
    if (levels.indexOf(entry.level) > this.#leastImportant) return;
    const { level, event, ...facts } = entry;
    const line = formatJson({ time: new Date().toISOString(), level, event, ...facts });
    if (this.#held !== null && this.#held.length < MAX_HELD_LINES) this.#held.push(line);
    else this.#stderr.write(line);
  };

  /** Keeps lines back while a question stands on the same terminal. Does nothing if the log goes elsewhere. */
  hold(): void {
    if (this.#stderr.isTTY) this.#held ??= [];
  }

  /** Writes the lines that were kept back. */
  release(): void {
    const lines = this.#held ?? [];
    this.#held = null;
    if (lines.length > 0) this.#stderr.write(lines.join(""));
  }
}
