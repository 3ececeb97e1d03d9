import fc from "fast-check";
import { expect, test } from "vitest";
import { LineReader } from "../../../src/triggers/sources/line-reader.js";

function readLines(text: string, cuts: readonly number[], maxBytes: number) {
  const lines: string[] = [];
  let long = 0;
  const reader = new LineReader({
    maxBytes,
    onLine: (line) => lines.push(new TextDecoder().decode(line)),
    onLongLine: () => {
      long += 1;
    },
  });
  const bytes = new TextEncoder().encode(text);
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((one, other) => one - other), bytes.length];
  for (const [index, place] of places.slice(1).entries()) reader.add(bytes.subarray(places[index], place));
  reader.end();
  return { lines, long };
}

test("splits lines wherever the output is cut, and leaves out long and empty ones", () => {
  const piece = fc.stringMatching(/^[a-zä€\r]{0,12}$/);
  fc.assert(
    fc.property(
      fc.array(piece),
      fc.array(fc.nat(), { maxLength: 10 }),
      fc.integer({ min: 1, max: 20 }),
      (pieces, cuts, max) => {
        const expected = pieces.filter((line) => new TextEncoder().encode(line).length <= max);
        const { lines, long } = readLines(pieces.join("\n"), cuts, max);
        expect(lines).toEqual(expected.map((line) => line.replace(/\r$/, "")).filter(Boolean));
        expect(long).toBe(pieces.length - expected.length);
      },
    ),
  );
});
