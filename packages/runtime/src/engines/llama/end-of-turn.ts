import { reasoningMarks } from "../reasoning-marks.js";

const tag = /^(?:<[^<>\s]+>|\[\/?[A-Z_]+\])/;
const MIN_STOP_CHARACTERS = 3;

/**
 * Finds the end of a turn in the text that a template writes between an answer and the next message: its first tag, or
 * else the line that introduces the next speaker. Null if there is neither. `source` is the template.
 */
export function endOfTurn(between: string, source: string): string | null {
  const text = between.trimStart();
  const [mark] = tag.exec(text) ?? [];
  if (mark !== undefined) {
    // A reasoning model may write several messages in one turn.
    const endsThought = reasoningMarks.some(({ start: [start = ""], end }) => {
      return end.includes(mark) && source.includes(tag.exec(start)?.[0] ?? start);
    });
    return endsThought ? null : mark;
  }
  const [line = ""] = text.split("\n");
  const words = line.trim();
  if (words.length < MIN_STOP_CHARACTERS) return null;
  return /\n/.test(between.slice(0, between.length - text.length)) ? `\n${words}` : words;
}
