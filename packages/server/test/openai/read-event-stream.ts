/** One event of a stream. */
export interface StreamEvent {
  name: string | null;
  data: string;
}

/**
 * Reads a stream of Server-Sent Events as its specification says, and more strictly: every block is one comment, or at
 * most one `event` line and exactly one `data` line, and the stream ends with a complete block. Throws for anything
 * else.
 */
export function readEventStream(text: string): { events: StreamEvent[]; comments: string[] } {
  const events: StreamEvent[] = [];
  const comments: string[] = [];
  if (text !== "" && !text.endsWith("\n\n")) throw new Error("The last event is not complete");
  for (const block of text.split("\n\n").slice(0, -1)) {
    const lines = block.split("\n");
    if (lines.length === 1 && block.startsWith(":")) {
      comments.push(block.slice(1).trim());
      continue;
    }
    const name = lines.length === 2 ? fieldOf(lines[0], "event") : null;
    events.push({ name, data: fieldOf(lines.at(-1), "data") });
    if (lines.length > 2) throw new Error(`Too many lines: ${block}`);
  }
  return { events, comments };
}

function fieldOf(line: string | undefined, name: string): string {
  if (line?.startsWith(`${name}: `)) return line.slice(name.length + 2);
  throw new Error(`Not a line with ${name}: ${line}`);
}

/** Returns the JSON of the chunks of a chat stream, without the end mark, and whether it was there. */
export function readChunks(text: string): { chunks: Record<string, unknown>[]; isDone: boolean; comments: string[] } {
  const { events, comments } = readEventStream(text);
  if (events.some(({ name }) => name !== null)) throw new Error("Chat events have no names");
  const done = events.findIndex(({ data }) => data === "[DONE]");
  if (done >= 0 && done !== events.length - 1) throw new Error("Events after [DONE]");
  const whole = done < 0 ? events : events.slice(0, -1);
  return { chunks: whole.map(({ data }) => JSON.parse(data)), isDone: done >= 0, comments };
}
