import fc from "fast-check";
import { expect, test } from "vitest";
import { readEvents } from "../../../page/read-events.js";
import type { PageEvent } from "../../../src/page/page-events.js";

/** A body that arrives in pieces of the given lengths, repeatedly. */
function bodyOf(bytes: Uint8Array, lengths: readonly number[]): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    start(controller) {
      for (let at = 0, index = 0; at < bytes.length; index++) {
        const end = at + (lengths[index % lengths.length] ?? 1);
        controller.enqueue(new Uint8Array(bytes.slice(at, end)));
        at = end;
      }
      controller.close();
    },
  });
}

const event = fc.record({
  type: fc.constant("text" as const),
  turn: fc.string(),
  part: fc.nat(),
  text: fc.string({ unit: "grapheme" }),
});

test("events are read whole, wherever the network cuts them", async () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(fc.array(event), lengths, async (events, cuts) => {
      const text = events.map((one) => `: ping\n\ndata: ${JSON.stringify(one)}\n\n`).join("");
      const read: PageEvent[] = [];
      let pieces = 0;
      const body = bodyOf(new TextEncoder().encode(text), cuts);
      for await (const one of readEvents(body, () => void pieces++)) read.push(one);
      expect(read).toEqual(events);
      expect(pieces > 0).toBe(events.length > 0);
    }),
  );
});

test("a large event that arrives in small pieces takes time in proportion to its length", async () => {
  const large = { type: "text", turn: "t", part: 0, text: "x".repeat(4_000_000) };
  const bytes = new TextEncoder().encode(`data: ${JSON.stringify(large)}\n\n`);
  const begun = performance.now();
  const read: PageEvent[] = [];
  for await (const one of readEvents(bodyOf(bytes, [1000]), () => {})) read.push(one);
  expect(read).toEqual([large]);
  expect(performance.now() - begun).toBeLessThan(20_000);
});
