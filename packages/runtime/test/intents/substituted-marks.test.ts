import fc from "fast-check";
import { expect, test } from "vitest";
import { IntentMatcher } from "../../src/intents/intent-matcher.js";
import { splitWords } from "../../src/split-words.js";

/** Groups of marks that people use in place of each other. */
const kinds = {
  apostrophe: [..."'‘’‛′‵＇´`՚׳ʹʻʼʽʾʿꞌ"],
  quote: [...'"“”„‟″＂״ʺˮ«»‹›「」'],
  hyphen: [..."-‐‑‒–—―−﹣－﹘˗⁃"],
  space: [
    ..." \t\u00a0\u1680\u2000\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b\u202f\u205f\u3000\u3164",
  ],
  ellipsis: ["...", "…", "‥", ". . ."],
};
const any = fc.record({
  apostrophe: fc.constantFrom(...kinds.apostrophe),
  quote: fc.constantFrom(...kinds.quote),
  hyphen: fc.constantFrom(...kinds.hyphen),
  space: fc.constantFrom(...kinds.space),
  ellipsis: fc.constantFrom(...kinds.ellipsis),
});
type Marks = typeof any extends fc.Arbitrary<infer Value> ? Value : never;
/** Replaces the marks of a text by others of their groups. */
const written = (text: string, { apostrophe, quote, hyphen, space, ellipsis }: Marks) =>
  text
    .replaceAll("...", "\u0001")
    .replaceAll("'", apostrophe)
    .replaceAll('"', quote)
    .replaceAll("-", hyphen)
    .replaceAll(" ", space)
    .replaceAll("\u0001", ellipsis);

const said = [
  "what's the temperature",
  "allume l'éclairage",
  "quelle heure est-il ...",
  'play "let it be"',
  "п'ять об'єктів",
  "o'zbek qo'shig'i",
  "c'est-à-dire l'heure",
  "'n lamp",
];

test("matches sentences and listed values with every substituted mark", () => {
  fc.assert(
    fc.property(fc.constantFrom(...said), any, any, (text, inTemplate, inMessage) => {
      const template = written(text, inTemplate);
      const message = written(text, inMessage);
      const intents = IntentMatcher.compile({
        slots: { thing: [template] },
        definitions: [
          { name: "sentence", sentences: [template], answer: "a" },
          { name: "listed", sentences: [`x {thing}`], answer: "a" },
        ],
      });
      expect(intents.match(message)?.intent, `${template} ← ${message}`).toBe("sentence");
      expect(intents.match(`x ${message}`)?.slots).toEqual({ thing: template });
    }),
    { numRuns: 1000 },
  );
});

test("matches marks between numbers with every mark of the same group, and no other", () => {
  const alike = [kinds.hyphen, ["...", "…"], [":", "：", "﹕"], ["/", "／", "⁄", "∕"], ['"', "“", "”", "″"]];
  const mark = fc
    .nat(alike.length - 1)
    .chain((kind) => fc.record({ kind: fc.constant(kind), text: fc.constantFrom(...(alike[kind] ?? [])) }));
  fc.assert(
    fc.property(mark, mark, (template, message) => {
      const intents = IntentMatcher.compile({
        slots: { a: { from: 0, to: 99 } },
        definitions: [{ name: "i", sentences: [`from {a}${template.text}{a:b}`], answer: "a" }],
      });
      const isMatch = intents.match(`from 5${message.text}30`) !== null;
      expect(isMatch, `${template.text} ← ${message.text}`).toBe(template.kind === message.kind);
    }),
    { numRuns: 500 },
  );
});

test("reads thousands with every apostrophe", () => {
  const intents = IntentMatcher.compile({
    slots: { a: { from: 0, to: 9999 } },
    definitions: [{ name: "i", sentences: ["set {a}"], answer: "a" }],
  });
  for (const mark of kinds.apostrophe) expect(intents.match(`set 1${mark}000`)?.slots, mark).toEqual({ a: 1000 });
});

test("removes any surrounding marks from a free text", () => {
  const intents = IntentMatcher.compile({
    slots: { what: "text" },
    definitions: [
      { name: "say", sentences: ["say {what}"], answer: "a" },
      { name: "drink", sentences: ["bois l'{what}"], answer: "a" },
    ],
  });
  const pairs = ['""', "“”", "„“", "„”", "””", "«»", "»«", "‹›", "＂＂", "〝〞", "``", "''", "‘’", "‚‘"];
  for (const [open = "", close = ""] of pairs) {
    expect(intents.match(`${open}say it is late${close}`)?.slots, `${open}${close}`).toEqual({ what: "it is late" });
    expect(intents.match(`say ${open}late${close}`)?.slots).toEqual({ what: `${open}late${close}` });
  }
  for (const mark of kinds.apostrophe) expect(intents.match(`bois l${mark}eau`)?.slots, mark).toEqual({ what: "eau" });
});

test("keeps different words different", () => {
  const differing = [
    "its",
    "it's",
    "well",
    "we'll",
    "ma",
    "ㄇㄚˊ",
    "ㄇㄚˋ",
    "ㄇㄚˇ",
    "resign",
    "re-sign",
    "ʔa",
    "a",
    "コー",
    "コ",
  ];
  const forms = differing.map((text) =>
    splitWords(text)
      .map(({ text: word }) => word)
      .join(" "),
  );
  expect(new Set(forms).size).toBe(differing.length);
});

test("reads a letter with a mark as the letter and the mark", () => {
  const pairs = [
    ["ŉ lamp", "'n lamp"],
    ["coŀlega", "col·lega"],
    ["COĿLEGA", "col•lega"],
    ["ශ්‍රී", "ශ්රී"],
  ];
  for (const [one = "", other = ""] of pairs) {
    expect(splitWords(one).map(({ text }) => text)).toEqual(splitWords(other).map(({ text }) => text));
  }
});
