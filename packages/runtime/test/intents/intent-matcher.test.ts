import type { IntentDefinition, IntentSettings } from "@nanoagent/models";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyText } from "../../../../scripts/any-text.js";
import { IntentMatcher } from "../../src/intents/intent-matcher.js";
import { InvalidIntentsError } from "../../src/intents/invalid-intents-error.js";
import { MAX_SENTENCE_CHARACTERS } from "../../src/intents/parse-sentence.js";
import { splitWords } from "../../src/split-words.js";

const runs = process.env.NANOAGENT_SOAK ? 10 : 1;

const greenhouse: IntentSettings = {
  slots: {
    zone: [
      "north",
      { value: "south", say: { en: ["south", "sunny side"], de: ["Süden", "Südbeet"] } },
      { value: 3, say: ["far end", "far end of the garden"] },
    ],
    minutes: { from: 1, to: 60 },
    degrees: { from: -10, to: 40, step: 0.5 },
    note: "text",
  },
  definitions: [
    {
      name: "water",
      sentences: {
        en: ["(water|irrigate) [the] {zone} [bed[s]] [for {minutes} (min|minutes)] [please]"],
        de: ["[bitte] {zone} [für {minutes} Minuten] gießen"],
      },
      tool: "valve",
      arguments: { zone: "{zone}", minutes: "{minutes}", reason: "asked for {zone}", force: false },
      answer: { en: "Watering {zone}[ for {minutes} minutes][, {result.litres} l].", de: "{zone} wird gegossen." },
      failure: "That did not work: {error}",
    },
    { name: "heat", sentences: ["heat to {degrees}° [c]", "{degrees:from}-{degrees:to} degrees"], tool: "heater" },
    { name: "note", sentences: ["note {note} [please]", "play {note} by {note:artist}"], answer: "Noted: {note}" },
    { name: "mode", sentences: ["eco mode"], tool: "mode", defaults: { level: 2 }, answer: "Level {level}." },
    { name: "wasser", sentences: ["{zone}に水をやる"], answer: "はい" },
  ],
};
const matcher = IntentMatcher.compile(greenhouse);

describe("a sentence matches", () => {
  test.each<[string, string, Record<string, unknown>]>([
    ["water the north bed", "water", { zone: "north" }],
    ["  WATER north!! ", "water", { zone: "north" }],
    ["irrigate the Sunny-Side beds for 5 minutes, please.", "water", { zone: "south", minutes: 5 }],
    ["water far end of the garden for 60min", "water", { zone: 3, minutes: 60 }],
    ["water the far end", "water", { zone: 3 }],
    ["Südbeet für 7 Minuten gießen", "water", { zone: "south", minutes: 7 }],
    ["bitte Su\u0308dbeet gießen", "water", { zone: "south" }],
    ["heat to 20.5°C", "heat", { degrees: 20.5 }],
    ["heat to 20,5 °", "heat", { degrees: 20.5 }],
    ["heat to -3 c", "heat", { degrees: -3 }],
    ["heat to \u22123", "heat", { degrees: -3 }],
    ["10-20 degrees", "heat", { from: 10, to: 20 }],
    ["note Call Bob, at 5!", "note", { note: "Call Bob, at 5" }],
    ["note call Bob please", "note", { note: "call Bob" }],
    ["play stand by me by Ben E. King", "note", { note: "stand by me", artist: "Ben E. King" }],
    ["Eco Mode", "mode", { level: 2 }],
    ["northに水をやる", "wasser", { zone: "north" }],
  ])("%s", (message, intent, slots) => {
    expect(matcher.match(message)).toMatchObject({ intent, slots });
  });

  test.each([
    "",
    "water",
    "water the north bed and the south bed",
    "waterthe north",
    "water the moon",
    "water north for 0 minutes",
    "water north for 61 minutes",
    "water north for 1.5 minutes",
    "water north for 1,000 minutes",
    "heat to 20.3",
    "heat to 1e1",
    `heat to ${"9".repeat(400)}`,
    "note",
    "note please".repeat(200),
    "constructor",
    "__proto__",
  ])("and not %j", (message) => {
    expect(matcher.match(message)).toBeNull();
  });

  test("with the most literal words first, then the fewest free ones, then in the order of definition", () => {
    const intents = IntentMatcher.compile({
      slots: { any: "text", lamp: ["lamp", "light"], light: ["light"] },
      definitions: [
        { name: "free", sentences: ["turn on {any}"], answer: "a" },
        { name: "listed", sentences: ["turn on {lamp}"], answer: "a" },
        { name: "also listed", sentences: ["turn on {light}"], answer: "a" },
        { name: "said", sentences: ["turn on lamp"], answer: "a" },
      ],
    });
    expect(intents.match("turn on everything")?.intent).toBe("free");
    expect(intents.match("turn on lamp")?.intent).toBe("said");
    expect(intents.match("turn on light")?.intent).toBe("listed");
    expect(intents.matchAll("turn on light").map(({ intent }) => intent)).toEqual(["listed", "also listed"]);
  });
});

describe("the result of a match", () => {
  test("keeps the types of slots in the arguments and omits slots without a value", () => {
    const call = (message: string) => matcher.match(message)?.call;
    expect(call("water north for 5 minutes")).toEqual({
      tool: "valve",
      arguments: { zone: "north", minutes: 5, reason: "asked for north", force: false },
    });
    expect(call("water far end")?.arguments).toEqual({ zone: 3, reason: "asked for 3", force: false });
    expect(call("eco mode")).toEqual({ tool: "mode", arguments: { level: 2 } });
    expect(call("note a")).toBeNull();
  });

  test("answers in the language of the sentence, without the parts with unknown values", () => {
    const english = matcher.match("water sunny side for 5 min");
    expect(english?.answer({ litres: 12 })).toBe("Watering south for 5 minutes, 12 l.");
    expect(matcher.match("water sunny side")?.answer("no JSON")).toBe("Watering south.");
    expect(matcher.match("Süden gießen")?.answer()).toBe("Süden wird gegossen.");
    expect(english?.failure("no pressure")).toBe("That did not work: no pressure");
    expect(matcher.match("heat to 20°")?.answer("20")).toBeNull();
  });
});

test("allows names of slots and intents that every object inherits", () => {
  const intents = IntentMatcher.compile({
    slots: { constructor: ["a"], toString: { from: 1, to: 2 } },
    definitions: [
      {
        name: "valueOf",
        sentences: ["go {constructor} {toString}"],
        tool: "t",
        answer: "{constructor}[ {hasOwnProperty}]",
        defaults: { hasOwnProperty: 1 },
      },
    ],
  });
  const match = intents.match("go a 2");
  expect(match?.call?.arguments).toEqual({ constructor: "a", toString: 2, hasOwnProperty: 1 });
  expect(match?.answer()).toBe("a 1");
});

describe("invalid settings are errors with a place", () => {
  const issuesOf = (definition: Partial<IntentDefinition>, slots: IntentSettings["slots"] = greenhouse.slots) => {
    try {
      IntentMatcher.compile({ slots, definitions: [{ name: "a", sentences: ["a"], answer: "a", ...definition }] });
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidIntentsError);
      return (error as InvalidIntentsError).issues.map(
        ({ path, column, message }) => `${path.join(".")}:${column} ${message}`,
      );
    }
    return [];
  };

  test.each<[string, number, string]>([
    ["a (b", 3, '"(" is not closed by ")"'],
    ["a [b) c]", 3, '"[" is not closed by "]", but ")" comes first'],
    ["a ]", 3, '"]" has no opening bracket'],
    ["a }", 3, '"}" has no opening bracket'],
    ["a | b", 3, '"|" is only allowed inside ( ) or [ ]'],
    ["a {", 3, "a slot is a name in braces: a letter, then letters, digits, _ and -"],
    ["a {__proto__}", 3, "a slot is a name in braces: a letter, then letters, digits, _ and -"],
    ["a {zon}", 3, 'there is no slot named "zon"'],
    ["a {constructor}", 3, 'there is no slot named "constructor"'],
    ["a {zone}s", 9, "letters touch a slot: put a space between them"],
    ["a {note} {note:other}", 3, "two free texts in a row: put a word between them"],
    ["a {note} [please] [[now]] {note:b}", 3, "two free texts in a row: put a word between them"],
    ["{zone} or ({zone}|a)", 11, "{zone} occurs twice: rename one of them, as in {slot:name}"],
    ["[a] [{zone}] (|!)", 1, "every word is optional, so an empty message would match"],
    [" ?! ", 1, "every word is optional, so an empty message would match"],
    ["(".repeat(100_000), 1001, "a sentence has at most 1000 characters"],
    ["[".repeat(500), 17, "brackets are nested deeper than 16"],
    ["(a|b)".repeat(100), 1, "a word has more than 64 forms: use spaces"],
    [`a ${"[[b]] ".repeat(150)}{note} [c] {note:d}`, 903, "two free texts in a row: put a word between them"],
  ])("%j", (sentence, column, message) => {
    expect(issuesOf({ sentences: [sentence] })).toEqual([`definitions.0.sentences.0:${column} ${message}`]);
  });

  test.each<[Partial<IntentDefinition>, string]>([
    [{ answer: "{zone}" }, 'definitions.0.answer:1 unknown value "zone"'],
    [
      { answer: { de: "a {" } },
      "definitions.0.answer.de:3 a value is a name in braces, such as {zone} or {result.count}",
    ],
    [{ answer: "a ]" }, 'definitions.0.answer:3 "]" has no opening bracket: double it for a literal bracket'],
    [{ answer: "[[[a" }, 'definitions.0.answer:3 "[" is not closed by "]"'],
    [
      { answer: "[a [b]]" },
      'definitions.0.answer:4 "[" is not closed by "]": "]]" is the character itself, so put a space between the brackets',
    ],
    [{ tool: "t", failure: "{result}" }, 'definitions.0.failure:1 unknown value "result": use error'],
    [{ answer: undefined }, "definitions.0:null an intent needs a tool, an answer or both"],
    [{ tool: "t", arguments: { a: "x {b}" } }, 'definitions.0.arguments.a:3 unknown value "b"'],
  ])("%j", (definition, issue) => {
    expect(issuesOf(definition)).toEqual([issue]);
  });

  test.each<[IntentSettings["slots"], string]>([
    [{ s: ["?"] }, 'slots.s.0:null "?" has no words'],
    [{ s: ["a b", { value: "c", say: ["A, B!"] }] }, 'slots.s.1:null "A, B!" stands for both "a b" and "c"'],
    [{ s: ["a ".repeat(17)] }, "slots.s.0:null a value has at most 16 words"],
    [{ s: { from: 2, to: 1 } }, "slots.s:null from must not be greater than to"],
    [{ s: { from: 1, to: 2, step: 0 } }, "slots.s:null step must be above 0"],
  ])("%j", (slots, issue) => {
    expect(issuesOf({ sentences: ["a {s}", "b {s}"] }, slots)).toEqual([issue]);
  });

  test("finds all issues at once and names some in the message", () => {
    const definitions = Array.from({ length: 9 }, () => ({ name: "a", sentences: ["("], answer: "a" }));
    expect(() => IntentMatcher.compile({ definitions })).toThrow(
      /intents\.definitions\.0\.sentences\.0, column 1: "\(" is not closed.*and \d+ more/,
    );
  });
});

/** A template, a message that it matches, and the values of its slots. */
interface Sample {
  template: string;
  message: string[];
  slots: [string, unknown][];
}

const lists = Array.from({ length: 4 }, (_, index) => [`spot ${"abcd"[index]}`, `far spot ${"abcd"[index]} left`]);
const sampleSlots: IntentSettings["slots"] = {
  ...Object.fromEntries(lists.map((values, index) => [`list${index}`, values])),
  ...Object.fromEntries(lists.map((_, index) => [`range${index}`, { from: 100 * index, to: 100 * index + 99 }])),
  text: "text",
};

const word = fc.constantFrom("turn", "on", "Grün", "the", "lamp", "l'eau", "水", "b2");
const textSample = fc
  .array(word, { minLength: 1, maxLength: 3 })
  .map((words): Sample => ({ template: words.join(" "), message: words, slots: [] }));

function sampleOf(depth: number): fc.Arbitrary<Sample> {
  if (depth === 0) return textSample;
  const inner = sampleOf(depth - 1);
  const optional = fc.tuple(inner, fc.boolean()).map(([part, said]): Sample => {
    return { ...(said ? part : { message: [], slots: [] }), template: `[${part.template}]` };
  });
  const choice = fc.tuple(inner, inner, fc.boolean()).map(([one, other, first]): Sample => {
    return { ...(first ? one : other), template: `(${one.template}|${other.template})` };
  });
  return fc.array(fc.oneof(textSample, optional, choice), { minLength: 1, maxLength: 4 }).map(joinSamples);
}

function joinSamples(parts: Sample[]): Sample {
  return {
    template: parts.map(({ template }) => template).join(" "),
    message: parts.flatMap(({ message }) => message),
    slots: parts.flatMap(({ slots }) => slots),
  };
}

/** Each slot occurs once and has values that no other part of the sentence matches. */
const slotSamples = fc.shuffledSubarray([0, 1, 2, 3], { minLength: 1 }).chain((indices) =>
  fc.tuple(
    ...indices.map((index) =>
      fc.oneof(
        fc.constantFrom(...(lists[index] as string[])).map((value): Sample => {
          return { template: `{list${index}}`, message: [value], slots: [[`list${index}`, value]] };
        }),
        fc.integer({ min: 100 * index, max: 100 * index + 99 }).map((value): Sample => {
          return { template: `{range${index}:n${index}}`, message: [String(value)], slots: [[`n${index}`, value]] };
        }),
      ),
    ),
    fc.array(fc.constantFrom("foo", "Bar", "baz"), { minLength: 1, maxLength: 4 }).map((words): Sample => {
      return { template: "{text}", message: words, slots: [["text", words.join(" ")]] };
    }),
  ),
);

const sentenceSample = fc
  .tuple(
    slotSamples,
    fc.array(sampleOf(2), { minLength: 6, maxLength: 6 }),
    fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
  )
  .map(([slots, between, wrapped]) =>
    joinSamples(
      slots.flatMap((slot, index) => [
        between[index] as Sample,
        wrapped[index] ? { ...slot, template: `[${slot.template}]` } : slot,
      ]),
    ),
  )
  // A longer sentence is rejected, which another test covers.
  .filter(({ template }) => `begin ${template}`.length <= MAX_SENTENCE_CHARACTERS);

test("matches every sentence of a template with its slot values", () => {
  fc.assert(
    fc.property(sentenceSample, fc.constantFrom(" ", "  ", ", ", "\n"), (sample, separator) => {
      const intents = IntentMatcher.compile({
        slots: sampleSlots,
        definitions: [{ name: "a", sentences: [`begin ${sample.template}`], answer: "a" }],
      });
      const message = ["begin", ...sample.message].join(separator);
      const match = intents.match(message);
      expect(match?.slots).toEqual({
        ...Object.fromEntries(sample.slots),
        ...(sample.slots.some(([name]) => name === "text")
          ? { text: sample.message.filter((part) => /foo|bar|baz/i.test(part)).join(separator) }
          : {}),
      });
    }),
    { numRuns: 300 * runs },
  );
});

test("returns a match, null or a typed error for any template and message", () => {
  const letters = fc.array(
    fc.constantFrom(..."[](){}|ab zone1:-'. {zone} {note} {minutes}".split(/(?<=\}| )|(?=\{)/)),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(letters, anyText(), (template, message) => {
      const slots = greenhouse.slots;
      try {
        const intents = IntentMatcher.compile({
          slots,
          definitions: [{ name: "a", sentences: [template.join("")], answer: "a" }],
        });
        intents.match(message);
        intents.match(template.join(""));
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidIntentsError);
      }
    }),
    { numRuns: 500 * runs },
  );
});

test("splits plain ASCII text like any other text", () => {
  const ascii = fc.array(fc.constantFrom("a", "B", "z", "Z", ".", ",", "-", " ", "(", "'", "\t", "%", "_"), {
    maxLength: 30,
  });
  fc.assert(
    fc.property(ascii, (characters) => {
      const text = characters.join("");
      // A separate letter of another script at the end forces the general path.
      expect(splitWords(`${text} é`).slice(0, -1)).toEqual(splitWords(text));
    }),
    { numRuns: 1000 * runs },
  );
});

describe("the work of a match", () => {
  const stepsFor = (intents: IntentMatcher, message: string) => {
    const before = intents.work.steps;
    intents.match(message);
    return intents.work.steps - before;
  };

  test.each([
    ["free texts", "x {a} and {b} or {c} x", " and or"],
    ["optional words", `x ${"[a] ".repeat(240)}x`, " a"],
    ["optional words within one another", `x ${"[[a]] ".repeat(150)}x`, " a"],
    ["lists and texts", "x {a} [{list}] {list:other} x", " l l"],
  ])("grows linearly with the words of the message: %s", (_, sentence, more) => {
    const intents = IntentMatcher.compile({
      slots: { a: "text", b: "text", c: "text", list: ["l", "l l", "l l l"] },
      definitions: [{ name: "a", sentences: [sentence], answer: "a" }],
    });
    const [half, whole] = [50, 100].map((count) => stepsFor(intents, `x${more.repeat(count)} y`));
    expect(half).toBeGreaterThan(100);
    expect(whole).toBeLessThan(2.2 * (half as number));
  });

  test("does not grow with unrelated sentences", () => {
    const compile = (count: number) =>
      IntentMatcher.compile({
        slots: { zone: Array.from({ length: 50 }, (_, index) => `bed number ${index}`) },
        definitions: Array.from({ length: count }, (_, index) => ({
          name: `intent${index}`,
          sentences: [`(turn|switch) (on|off) [the] {zone} [big] lamp${index} [please]`],
          answer: "a",
        })),
      });
    const message = "turn on the bed number 31 lamp 7 please";
    const [few, many] = [compile(10), compile(1000)];
    expect(many.match(message)?.slots).toEqual({ zone: "bed number 31" });
    // Sentences that share one word with the message are distinguished by their other words.
    expect(stepsFor(many, message)).toBeLessThan(3 * stepsFor(few, message));
  });
});
