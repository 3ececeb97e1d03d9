import { AgentSpec, cutText } from "@nanoagent/models";
import fc from "fast-check";
import { expect, test } from "vitest";

const isWhole = (text: string) => !/\p{Surrogate}/u.test(text);

test("cuts a text to its beginning, without splitting a character", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: -2, max: 40 }), (text, most) => {
      const cut = cutText(text, most);
      expect(text.startsWith(cut) && isWhole(cut)).toBe(true);
      expect(cut.length).toBeGreaterThanOrEqual(Math.min(text.length, Math.max(0, most - 1)));
      expect(cut.length).toBeLessThanOrEqual(Math.max(0, most));
    }),
  );
});

test("issues never contain half of a character", () => {
  fc.assert(
    fc.property(fc.nat(3), fc.constantFrom("😀", "𝔘", "a😀"), (before, sign) => {
      const text = "a".repeat(before) + sign.repeat(300);
      for (const input of [
        { name: 1, [text]: 1 },
        { name: "a", max_memory_mb: text },
        { name: "a", [text]: text },
      ]) {
        const result = AgentSpec.safeParse(input);
        expect(isWhole(JSON.stringify(result.success ? "" : result.issues.map(({ message }) => message)))).toBe(true);
      }
    }),
  );
});
