import fc from "fast-check";
import { expect, test } from "vitest";
import { lacksRoomForCode, tellsOfMemory } from "../../src/processes/fatal-output.js";
import { LastWords } from "../../src/processes/last-words.js";

const MAX_CHARACTERS = 2_000;

/** Returns a native stack as V8 prints it, with a program path of this length. */
function nativeStack(frames: number, fileCharacters: number): string {
  const file = `/${"n".repeat(fileCharacters)}/node`;
  const lines = Array.from({ length: frames }, (_, frame) => ` ${frame + 1}: 0xb8ced1 node::OnFatalError [${file}]\n`);
  return `----- Native stack trace -----\n\n${lines.join("")}`;
}

const pieces = (text: string, lengths: readonly number[]) => {
  const parts: string[] = [];
  let start = 0;
  for (const length of lengths) {
    parts.push(text.slice(start, start + length));
    start += length;
  }
  return [...parts, text.slice(start)];
};

test("the message before a native stack is kept, however long the stack is and however it arrives", () => {
  const sentence = "FATAL ERROR: Zone Allocation failed - process out of memory\n";
  fc.assert(
    fc.property(
      fc.nat(60),
      fc.nat(300),
      fc.array(fc.integer({ min: 1, max: 700 }), { maxLength: 40 }),
      (frames, fileCharacters, lengths) => {
        const words = new LastWords(MAX_CHARACTERS);
        const output = `loading\n\n#\n${sentence}${nativeStack(frames, fileCharacters)}`;
        for (const piece of pieces(output, lengths)) words.add(piece);
        expect(tellsOfMemory(words.text)).toBe(true);
        expect(words.text.length).toBeLessThanOrEqual(MAX_CHARACTERS);
      },
    ),
  );
});

test("a failed code reservation is recognized before a long stack", () => {
  const words = new LastWords(MAX_CHARACTERS);
  words.add("Failed to reserve virtual memory for CodeRange\n");
  words.add(nativeStack(40, 200));
  expect(lacksRoomForCode(words.text)).toBe(true);
});

test("the end of other output is kept", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "grapheme-ascii", maxLength: 3_000 }), { maxLength: 8 }), (parts) => {
      const words = new LastWords(MAX_CHARACTERS);
      for (const part of parts) words.add(part);
      words.add("\nthe end");
      expect(words.text.endsWith("the end")).toBe(true);
      expect(words.text.length).toBeLessThanOrEqual(MAX_CHARACTERS);
    }),
  );
});
