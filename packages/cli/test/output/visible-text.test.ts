import fc from "fast-check";
import { expect, test } from "vitest";
import { visibleCommand, visibleJson, visibleText } from "../../src/output/visible-text.js";

/** Characters that are invisible, change the text direction, or look like a space. */
const hidden = [
  ...["\u0000", "\u0007", "\u001b", "\u007f", "\u009b", "\r", "\n", "\t"],
  ...["\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u2060", "\ufeff", "\u00ad", "\u034f", "\u061c", "\u180e"],
  ...["\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069", "\u2028", "\u2029"],
  ...["\u00a0", "\u1680", "\u2003", "\u2009", "\u202f", "\u205f", "\u3000", "\u2800", "\u3164", "\uffa0", "\u115f"],
  ...["\ufe0f", "\u{e0041}", "\u{e0101}", "\ue000", "\ud800", "\udfff", "\u{10ffff}", "\u{1d173}"],
];

test.each(hidden)("%j is escaped", (character) => {
  const shown = visibleText(`a${character}b`);
  expect(shown).toMatch(/^a(?:\\u[\da-f]{4}){1,2}b$/);
  expect(JSON.parse(`"${shown}"`)).toBe(`a${character}b`);
});

test("any value can be parsed from its visible form, which has no hidden characters", () => {
  const text = fc.array(fc.oneof(fc.constantFrom(...hidden), fc.string({ unit: "grapheme" })), { maxLength: 8 });
  fc.assert(
    fc.property(
      text.map((parts) => parts.join("")),
      (value) => {
        expect(JSON.parse(visibleJson({ a: value }))).toEqual({ a: value });
        expect(visibleJson(value)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/u);
        expect(visibleCommand([value]) === value || JSON.parse(visibleCommand([value])) === value).toBe(true);
      },
    ),
  );
  expect(visibleCommand(["/bin/rm", "-rf", "--force=true", "a b", "", "$(id)", "é"])).toBe(
    '/bin/rm -rf --force=true "a b" "" "$(id)" "é"',
  );
});
