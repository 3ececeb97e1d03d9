import { isObject } from "../is-object.js";
import { formatTime } from "../output/format-time.js";
import { plainLine } from "../output/plain-text.js";

const LEVEL_WIDTH = 5;

/**
 * Formats a line of `journalctl --output=json` for people: time, level, event and facts. Lines that the service did not
 * write as JSON keep their text. Returns null for a line that cannot be read.
 */
export function formatLogLine(line: string): string | null {
  const entry = parse(line);
  if (entry === null) return null;
  const text = messageOf(entry.MESSAGE);
  const microseconds = Number(entry.__REALTIME_TIMESTAMP);
  const time = Number.isFinite(microseconds) ? formatTime(new Date(microseconds / 1000)) : "";
  const event = text.startsWith("{") ? parse(text) : null;
  if (event === null || typeof event.event !== "string") return `${time} ${plainLine(text)}`;
  const { time: _, level, event: name, message, ...facts } = event;
  const words = Object.entries(facts).map(([key, value]) => `${key}=${factOf(value)}`);
  const sentence = typeof message === "string" ? [message] : [];
  const parts = [String(level).padEnd(LEVEL_WIDTH), `${name}${sentence.length + words.length > 0 ? ":" : ""}`];
  return plainLine([time, ...parts, ...sentence, ...words].join(" "));
}

function parse(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** journalctl writes a text with other bytes than printable ones as a list of bytes. */
function messageOf(message: unknown): string {
  if (Array.isArray(message)) return Buffer.from(message.map(Number)).toString("utf8");
  return typeof message === "string" ? message : "";
}

function factOf(value: unknown): string {
  return typeof value === "string" && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}
