import type { PageEvent } from "../src/page/page-events.js";

/** Reads Server-Sent Events. `onBytes` is called for everything that arrives, also between events. */
export async function* readEvents(body: ReadableStream<Uint8Array>, onBytes: () => void): AsyncGenerator<PageEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  // The pieces of an event that has not ended.
  let pieces: string[] = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      onBytes();
      const blocks = decoder.decode(value, { stream: true }).split("\n");
      for (const [index, piece] of blocks.entries()) {
        pieces.push(piece);
        if (index === blocks.length - 1) break;
        const line = pieces.join("");
        pieces = [];
        if (line.startsWith("data: ")) yield JSON.parse(line.slice(6)) as PageEvent;
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
