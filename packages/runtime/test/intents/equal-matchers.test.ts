import { type IntentSettings, NanoAgentConfig } from "@nanoagent/models";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { IntentMatcher } from "../../src/intents/intent-matcher.js";
import { InvalidIntentsError } from "../../src/intents/invalid-intents-error.js";
import { sampleConfig } from "../sample-config.js";
import { ReferenceMatcher } from "./reference/intent-matcher.js";

const plainWords = [
  "turn",
  "on",
  "off",
  "the",
  "lamp",
  "Küche",
  "bed",
  "ALL",
  "a",
  "l'eau",
  "it",
  "ışık",
  "灯",
  "10",
  "5-minute",
  "no",
  "-",
];
const word = fc.constantFrom(...plainWords);
const slot = fc.constantFrom(
  "{zone}",
  "{zone:other}",
  "{minutes}",
  "{note}",
  "{note:more}",
  "{level}",
  "{missing}",
  "{level}%",
  "zone-{minutes}",
  "{zone}s",
);

/** Templates of words, slots and brackets, sometimes without spaces between them or with errors. */
const template = fc.letrec<{ part: string; parts: string }>((tie) => ({
  part: fc.oneof(
    { maxDepth: 3 },
    { weight: 6, arbitrary: word },
    { weight: 3, arbitrary: slot },
    {
      weight: 2,
      arbitrary: fc.array(tie("parts"), { minLength: 1, maxLength: 3 }).map((some) => `(${some.join("|")})`),
    },
    { weight: 2, arbitrary: tie("parts").map((inner) => `[${inner}]`) },
    { weight: 1, arbitrary: tie("parts").map((inner) => `${inner}[s]`) },
  ),
  parts: fc
    .array(fc.tuple(tie("part"), fc.constantFrom(" ", " ", " ", " ", "  ", "\u00A0", "", ", ")), {
      minLength: 1,
      maxLength: 6,
    })
    .map((some) => some.map(([part, gap]) => part + gap).join("")),
})).parts;
const broken = fc
  .tuple(template, fc.nat(), fc.constantFrom("[", "]", "(", ")", "|", "{", "}", ""))
  .map(([text, at, mark]) => `${text.slice(0, at % (text.length + 1))}${mark}${text.slice(at % (text.length + 1))}`);

const listed = fc.constantFrom<IntentSettings["slots"]>(
  {
    zone: ["bed", "big bed", "bed of roses", { value: "kitchen", say: { de: ["Küche"], en: ["kitchen"] } }],
    minutes: { from: 1, to: 120 },
    level: { from: -10, to: 10, step: 0.5 },
    note: "text",
  },
  { zone: ["", "one two", "one two"], minutes: { from: 5, to: 1 }, level: ["low", "high"], note: "text" },
);

const definition = (name: string) =>
  fc.record(
    {
      name: fc.constant(name),
      sentences: fc.oneof(
        fc.array(fc.oneof({ weight: 9, arbitrary: template }, broken), { minLength: 1, maxLength: 4 }),
        fc.record(
          {
            de: fc.array(template, { minLength: 1, maxLength: 2 }),
            tr: fc.array(template, { minLength: 1, maxLength: 2 }),
          },
          { requiredKeys: [] },
        ),
      ),
      answer: fc.oneof(
        fc.constantFrom("Done.", "In {zone}[ for {minutes}].", "{result}", "{{x}} [[y]] {note}", "bad } end", "{zone"),
        fc.record({ de: fc.constant("Gut: {zone}"), en: fc.constant("Well: {level}") }),
      ),
      tool: fc.constantFrom("water", undefined),
      failure: fc.constantFrom("No: {error}", "No {zone}", undefined),
      arguments: fc.constantFrom({ zone: "{zone}", text: "for {minutes} min", fixed: 3 }, undefined),
      defaults: fc.constantFrom({ zone: "bed", minutes: 3 }, {}, undefined),
    },
    { requiredKeys: ["name", "sentences", "answer"] },
  );

const settings = fc
  .tuple(
    listed,
    fc
      .integer({ min: 1, max: 6 })
      .chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => definition(`intent${index % 5}`)))),
  )
  .map(([slots, definitions]) => ({ slots, definitions }) as unknown as IntentSettings);

const said = fc
  .array(
    fc.oneof(
      word,
      fc.constantFrom(
        "kitchen",
        "big bed",
        "bed of roses",
        "7",
        "-3.5",
        "minus 2",
        "low",
        "🙂",
        "ISIK",
        "lamps",
        "x",
        "1 000",
      ),
    ),
    { maxLength: 9 },
  )
  .map((words) => words.join(" "));

/** Returns the matcher for settings, or their issues. */
function outcomeOf<Matcher>(compile: () => Matcher): { issues: unknown } | { matcher: Matcher } {
  try {
    return { matcher: compile() };
  } catch (error) {
    if (!InvalidIntentsError.isInstance(error)) throw error;
    return { issues: (error as InvalidIntentsError).issues };
  }
}

/** Everything that a match returns. */
const wholeOf = (matches: ReturnType<IntentMatcher["matchAll"]>) =>
  matches.map(({ intent, language, sentence, slots, call, answer, failure }) => ({
    intent,
    language,
    sentence,
    slots,
    call,
    answers: [answer(), answer("5"), answer({ count: 2 }), failure("it broke")],
  }));

/** Removes sentences and answers that are invalid on their own. */
function repaired({ slots, definitions }: IntentSettings): IntentSettings {
  const isFine = (definition: object) =>
    !("issues" in outcomeOf(() => ReferenceMatcher.compile({ slots, definitions: [definition] } as IntentSettings)));
  const fine = definitions.flatMap(({ sentences, ...rest }, index) => {
    const kept = Object.entries(Array.isArray(sentences) ? { "": sentences } : sentences).flatMap(
      ([language, templates]) => {
        const right = templates.filter((template) => {
          const alone = language === "" ? [template] : { [language]: [template] };
          return isFine({ name: "a", sentences: alone, answer: "a" });
        });
        return right.length === 0 ? [] : [[language, right] as const];
      },
    );
    if (kept.length === 0) return [];
    const given = kept[0]?.[0] === "" ? kept[0][1] : Object.fromEntries(kept);
    const whole = { ...rest, name: `intent${index}`, sentences: given };
    return [isFine(whole) ? whole : { name: whole.name, sentences: given, answer: "Done." }];
  });
  return { slots, definitions: fine } as IntentSettings;
}

/** Sometimes adds another intent with a sentence of the first one. */
function withTwin({ slots, definitions }: IntentSettings, isWanted: boolean): IntentSettings {
  const [first] = definitions;
  const twins = isWanted && first !== undefined ? [{ ...first, name: "twin" }] : [];
  return { slots, definitions: [...definitions, ...twins] };
}

/** Returns a message that a template matches: one alternative of each bracket, one value of each slot. */
function sayOf(template: string, choose: (count: number) => number): string {
  let text = template;
  for (let times = 0; times < 50 && /[[(]/.test(text); times++) {
    text = text.replace(/\[([^[\]()]*)\]|\(([^[\]()]*)\)/, (_, optional?: string, choice?: string) => {
      const options = (optional ?? choice ?? "").split("|");
      return optional !== undefined && choose(2) === 0 ? "" : (options[choose(options.length)] ?? "");
    });
  }
  const values = ["bed", "big bed", "7", "kitchen", "low", "-2.5", "anything at all"];
  return text.replace(/\{[^{}]*\}/g, () => values[choose(values.length)] ?? "");
}

test("finds the same issues and matches as the reference, for any sentences", () => {
  const scenes = { refused: 0, matched: 0, tied: 0, missed: 0 };
  fc.assert(
    fc.property(
      settings,
      fc.array(said, { maxLength: 6 }),
      fc.infiniteStream(fc.nat(1000)),
      (written, messages, numbers) => {
        const choose = (count: number) => (numbers.next().value ?? 0) % count;
        const given = choose(4) === 0 ? written : withTwin(repaired(written), choose(2) === 0);
        const one = outcomeOf(() => IntentMatcher.compile(given));
        const other = outcomeOf(() => ReferenceMatcher.compile(given));
        if ("issues" in one || "issues" in other) {
          expect(one).toEqual(other);
          scenes.refused += 1;
          return;
        }
        const templates = given.definitions.flatMap(({ sentences }) => Object.values(sentences).flat());
        for (const message of [...messages, ...templates.map((template) => sayOf(template, choose))]) {
          const expected = wholeOf(other.matcher.matchAll(message));
          expect(wholeOf(one.matcher.matchAll(message))).toEqual(expected);
          expect(wholeOf([one.matcher.match(message)].filter((match) => match !== null))).toEqual(expected.slice(0, 1));
          scenes[expected.length === 0 ? "missed" : expected.length === 1 ? "matched" : "tied"] += 1;
        }
      },
    ),
    { numRuns: 600 },
  );
  for (const times of Object.values(scenes)) expect(times).toBeGreaterThan(20);
});

describe("tens of thousands of sentences", () => {
  const letters = (number: number) => [...String(number)].map((digit) => `${"bcdfghjklm"[Number(digit)]}a`).join("");
  const many = (count: number): IntentSettings => ({
    slots: { zone: Array.from({ length: 50 }, (_, index) => `zone ${letters(index)}`) },
    definitions: Array.from({ length: count }, (_, index) => ({
      name: `intent${index}`,
      sentences: [`[please] (turn|switch) (on|off) the ${letters(index)} lamp in {zone}`],
      answer: `${index}`,
    })),
  });

  test("load up to the limit, and each one is found", () => {
    const matcher = IntentMatcher.compile(many(50_000));
    for (const index of [0, 1, 777, 25_000, 49_999]) {
      const match = matcher.match(`Switch off the ${letters(index)} lamp in zone ${letters(index % 50)}!`);
      expect(match).toMatchObject({ intent: `intent${index}`, slots: { zone: `zone ${letters(index % 50)}` } });
    }
    expect(() => NanoAgentConfig.parse({ ...sampleConfig(), intents: many(3) })).not.toThrow();
  }, 60_000);

  test("are rejected above the limit, at the first one beyond it", () => {
    const sentences = Array.from({ length: 100_001 }, (_, index) => `lamp ${letters(index)}`);
    const compile = () => IntentMatcher.compile({ definitions: [{ name: "lamps", sentences, answer: "a" }] });
    expect(compile).toThrow("there are more than 100000 sentences");
  }, 60_000);

  test("are distinguished by words and length without compiling them", () => {
    const matcher = IntentMatcher.compile(many(2000));
    const names = Array.from({ length: 250 }, (_, index) => letters(index)).join(" ");
    for (const message of [`please turn on the ${names} lamp in zone ba`, "please turn on the lamp in zone", names]) {
      const before = matcher.work.steps;
      expect(matcher.match(message)).toBeNull();
      expect(matcher.work.steps).toBe(before);
    }
  });
});
