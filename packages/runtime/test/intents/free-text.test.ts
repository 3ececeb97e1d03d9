import fc from "fast-check";
import { expect, test } from "vitest";
import { IntentMatcher } from "../../src/intents/intent-matcher.js";

const intents = IntentMatcher.compile({
  slots: { w: "text", n: { from: 1, to: 60 } },
  definitions: [
    { name: "note", sentences: ["note {w}", "play {w} by {w:artist}", "l'{w}"], answer: "a" },
    { name: "remind", sentences: ["remind me of {w} in {n} minutes"], answer: "a" },
  ],
});
const noted = (message: string) => intents.match(message)?.slots.w;

const values = [
  "C++",
  "C#",
  "F#",
  ".NET",
  "Node.js",
  "call (urgent)",
  "(urgent) call",
  "$5",
  "50%",
  "#12",
  "/etc/hosts",
  "./a",
  "../a/b",
  "~/notes",
  "@home",
  "a@b.example",
  "https://x.example/a?b=c#d",
  "😀",
  "👍🏽 done",
  "milk 😀",
  '"a" b',
  "'n' roll",
  "“quoted” word",
  "«mot» dit",
  "5 - 3",
  "- item",
  "at 5 a.m.",
  "the U.S.A.",
  "e.g.",
  "-5",
  "+49 30 1234",
  "10:30",
  "a/b",
  "a_b",
  "x = y",
  "<b>",
  "{x}",
  "[x] y",
  "*bold*",
  "`code`",
  "rock & roll",
  "AC/DC",
  "l'eau",
  "O'Brien",
  "50 °C",
  "½ cup",
  "1,000.50",
  "水を買う",
  "ünïcode",
  "naïve — yes",
  "..",
  "../..",
  "C:\\Users",
  "a+b",
  "2 * 3",
  "100€",
  "wi-fi",
];
const ends = ["", ".", "!", "?", "?!", "...", "…", "。", "？", "！", "؟", "।", "۔", " ", " !", "  ?"];

test("keeps a free text as written, without the mark that ends the sentence", () => {
  fc.assert(
    fc.property(fc.constantFrom(...values), fc.constantFrom(...ends), (value, end) => {
      // A second period would make another path, and an abbreviation already ends the sentence with its own period.
      if (/[./]$/.test(value) && /^[.…]/.test(end)) return;
      expect(noted(`note ${value}${end}`)).toBe(value);
      expect(noted(`  Note:  ${value}${end}\n`)).toBe(value);
      expect(noted(`"note ${value}${end}"`)).toBe(value);
      expect(noted(`(note ${value})${end}`)).toBe(value);
    }),
    { numRuns: 1500 },
  );
});

test("keeps the same text before another word of the sentence", () => {
  const before = values.filter((value) => !/ by |^\.\.$|[?]$/.test(value));
  fc.assert(
    fc.property(fc.constantFrom(...before), fc.constantFrom("", ","), (value, comma) => {
      expect(noted(`remind me of ${value}${comma} in 5 minutes`)).toBe(value);
    }),
    { numRuns: 500 },
  );
});

test.each([
  ["¿note qué?", "qué"],
  ["note ¿qué?", "qué"],
  ["note ¡hola!", "hola"],
  ["l'eau", "eau"],
  ["note milk", "milk"],
  ["note:milk.", "milk"],
  ["note a.m..", "a.m."],
  ["play Yahoo! by Ben", "Yahoo!"],
])("%s → %s", (message, value) => {
  expect(noted(message)).toBe(value);
});

test.each(["note", "note .", "note ?", "note ...", "note:", 'note "', "note , !"])("%s has no text", (message) => {
  expect(noted(message)).toBeUndefined();
});

test("ignores an emoji next to the words of a sentence", () => {
  expect(intents.match("remind me of tea in 5 minutes ❤️")?.slots).toEqual({ w: "tea", n: 5 });
});

test("takes linear time for a long text", () => {
  const started = performance.now();
  for (const filler of [" ", ".", "!", '"', ")", "(", ", ", "- ", "'"])
    noted(`note a${filler.repeat(900)}b${filler.repeat(900)}`);
  expect(performance.now() - started).toBeLessThan(2000);
});
