export type LogLevel = "error" | "warn" | "info" | "debug";

/** One line of the log: an event with its facts. Texts of messages are never part of it unless asked for. */
export interface LogEntry {
  readonly level: LogLevel;
  /** Name of the event, as noun and action: `turn-end`, `request-refused`. */
  readonly event: string;
  readonly [fact: string]: unknown;
}

/** Receives the entries of a log. */
export type Log = (entry: LogEntry) => void;
