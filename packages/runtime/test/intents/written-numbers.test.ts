import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { IntentMatcher } from "../../src/intents/intent-matcher.js";

const runs = process.env.NANOAGENT_SOAK ? 10 : 1;
const slots = { o: { from: -100_000, to: 10_000_000, step: 0.001 }, p: { from: 0, to: 60 }, w: "text" as const };
const sentences = ["set offset [to] {o} [degrees|c|percent]", "turn {o} {w}", "put {w} {o}"];
const matcherOf = (language: string | null) =>
  IntentMatcher.compile({
    slots,
    definitions: [{ name: "i", sentences: language === null ? sentences : { [language]: sentences }, answer: "a" }],
  });
const matchers = new Map(
  [null, "en", "de", "fr", "sv", "ar", "de-CH", "es", "nowhere"].map((language) => [language, matcherOf(language)]),
);

/** The value that the sentence sets in any of its forms, or undefined for no match. */
const heard = (language: string | null, message: string) => matchers.get(language)?.match(message)?.slots.o;

const minusSigns = [
  "-",
  "\u2212",
  "–",
  "‒",
  "‐",
  "‑",
  "﹣",
  "－",
  "—",
  "➖",
  "⁻",
  "minus ",
  "negative ",
  "- ",
  "– ",
  "--",
];
const zeros = ["0", "٠", "۰", "०", "০", "０", "๐", "᠐", "𝟎", "𝟘"];
const script = (text: string, zero: string) =>
  text.replace(/\d/g, (digit) => String.fromCodePoint((zero.codePointAt(0) as number) + Number(digit)));
const grouped = (digits: string, separator: string) => digits.replace(/\B(?=(?:\d{3})+$)/g, separator);

interface Written {
  value: number;
  text: string;
  /** The digits converted to 0–9. */
  plain: string;
}

const written: fc.Arbitrary<Written> = fc
  .record({
    whole: fc.oneof(fc.integer({ min: 0, max: 120 }), fc.integer({ min: 0, max: 9_999_999 })),
    decimals: fc.constantFrom("", "", "5", "25", "500", "125"),
    sign: fc.oneof(fc.constant(""), fc.constantFrom(...minusSigns, "+")),
    group: fc.constantFrom("", "", ",", ".", "'", "’", " ", "\u00A0", "\u202F", "٬"),
    point: fc.constantFrom(".", ",", "٫"),
    zero: fc.constantFrom("0", "0", ...zeros),
    bare: fc.boolean(),
    around: fc.constantFrom<readonly [string, string]>(
      ["", ""],
      ['"', '"'],
      ["(", ")"],
      ["“", "”"],
      ["", "."],
      ["", "!"],
      ["", "°"],
      ["", " °C"],
      ["", "%"],
      ["$", ""],
      ["*", "*"],
      ["=", ""],
      ["~", ""],
      ["'", "'"],
      ["«", "»"],
      ["", ","],
    ),
  })
  // With one separator for both, 1.000.125 is a million and more.
  .filter(({ whole, decimals, group, point }) => group !== point || decimals.length !== 3 || whole < 1000)
  .map(({ whole, decimals, sign, group, point, zero, bare, around: [open, close] }) => {
    const head = whole === 0 && bare && decimals !== "" ? "" : grouped(String(whole), group);
    const plain = decimals === "" ? head : `${head}${point}${decimals}`;
    const digits = script(plain, zero);
    const size = Number(`${whole}.${decimals || 0}`);
    return {
      value: sign === "" || sign === "+" || size === 0 ? size : -size,
      text: `${open}${sign}${digits}${close}`,
      plain,
    };
  });

/** Readings that are ambiguous without a language: `1,000` is a thousand or one. */
const mayBe = ({ value, plain }: Written, found: number, language: string | null) => {
  const [, whole, separator, rest] = /(\d{1,3})([.,])(\d{3})(?!\d)(?![.,]\d)/.exec(plain) ?? [];
  if (whole === undefined || language === null) return found === value;
  const readings = [Number(`${whole}${rest}`), Number(`${whole}.${rest}`)];
  return found === value || (separator !== undefined && readings.includes(Math.abs(found)));
};

describe("a number in a message", () => {
  test("is never read as another number, in any notation and language", () => {
    const frames = fc.constantFrom<(text: string) => string>(
      (text) => `set offset ${text}`,
      (text) => `set offset to ${text} degrees`,
      (text) => `set offset to:${text}`,
      (text) => `set offset to ${text}, please`,
      (text) => `turn ${text} left`,
      (text) => `put the lamp ${text}`,
    );
    fc.assert(
      fc.property(written, frames, fc.constantFrom(...matchers.keys()), (one, frame, language) => {
        const found = heard(language, frame(one.text));
        if (found !== undefined)
          expect(mayBe(one, Number(found), language), `${frame(one.text)} → ${found}`).toBe(true);
      }),
      { numRuns: 3000 * runs },
    );
  });

  test("is read in its plain forms", () => {
    const plain = fc.record({
      value: fc.integer({ min: -999, max: 999 }),
      zero: fc.constantFrom(...zeros),
      sign: fc.constantFrom("-", "\u2212", "–", "‑", "－", "minus ", "negative "),
      end: fc.constantFrom("", ".", "!", "°", " °C", "%", "?", "。"),
    });
    fc.assert(
      fc.property(plain, ({ value, zero, sign, end }) => {
        const text = `${value < 0 ? sign : ""}${script(String(Math.abs(value)), zero)}${end}`;
        expect(heard(null, `set offset ${text}`), text).toBe(value);
      }),
      { numRuns: 500 * runs },
    );
  });

  test.each<[string | null, string, number | undefined]>([
    [null, ".5", 0.5],
    [null, "-.5", -0.5],
    [null, "½", 0.5],
    [null, "5½", 5.5],
    [null, "1٫5", 1.5],
    [null, "0.125", 0.125],
    [null, "1,000.5", 1000.5],
    [null, "1.000,5", 1000.5],
    [null, "1,000,000", 1_000_000],
    [null, "1'000", 1000],
    [null, "1,000", undefined],
    ["en", "1,0000", undefined],
    ["de", "1.0000", undefined],
    ["en", "1.0000", 1],
    ["en", "0,1250", 0.125],
    ["en", "1,25", 1.25],
    ["en", "1,000", 1000],
    ["en", "1.125", 1.125],
    ["de", "1.000", 1000],
    ["de", "1,125", 1.125],
    ["es", "1.000", undefined],
    ["nowhere", "1.000", undefined],
    [null, "+5", 5],
  ])("%s: %s", (language, text, value) => {
    expect(heard(language, `set offset to ${text}`)).toBe(value);
  });

  const others = [
    "5-10",
    "5–10",
    "5 - 10",
    "5..10",
    "5…10",
    "1e3",
    "1E-3",
    "5k",
    "0x10",
    "1.2.3",
    "192.168.1.5",
    "10:30",
    "1/2",
    "5 1/2",
    "5²",
    "5^2",
    "5×10",
    "5*10",
    "5‰",
    "5-",
    "5+",
    "±5",
    "<5",
    ">5",
    "~5",
    "≈5",
    "5th",
    "5'30\"",
    "5°30",
    "2024-01-05",
    "1 000",
    "1 000 000",
    "5️⃣0",
    "५5",
    "12345678901234567",
    "5 million",
    "- 5",
    "−\u00a05",
    "5/day",
    "5:",
    "v5",
    "#5-6",
    "1.5.",
    "\u00AD5",
    "5 -",
  ];
  test.each(others)("%s is not read as one of its parts", (text) => {
    const allowed = new Set(
      text === "5:" || text === "#5-6" || text === "5 -"
        ? [undefined, 5]
        : text === "1.5."
          ? [undefined, 1.5]
          : text === "1 000"
            ? [undefined, 1000]
            : [undefined],
    );
    for (const frame of [`set offset ${text}`, `turn ${text} left`, `put ${text}`, `put lamp ${text}`]) {
      const found = heard(null, frame);
      if (frame.startsWith("set")) expect(allowed.has(found as number | undefined), `${frame} → ${found}`).toBe(true);
    }
    for (const frame of [`turn ${text} left`]) {
      if (/million|^5:|v5|^5th/.test(text)) continue;
      expect(allowed.has(heard(null, frame) as number | undefined), `${frame} → ${heard(null, frame)}`).toBe(true);
    }
  });

  test("the template defines the characters between numbers", () => {
    const intents = IntentMatcher.compile({
      slots: { h: { from: 0, to: 23 }, m: { from: 0, to: 59 }, zone: { from: 1, to: 9 } },
      definitions: [
        { name: "wake", sentences: ["wake me at {h}:{m}"], answer: "a" },
        { name: "between", sentences: ["between {h:a}-{h:b}"], answer: "a" },
        { name: "zone", sentences: ["water zone-{zone}"], answer: "a" },
      ],
    });
    expect(intents.match("wake me at 10:30")?.slots).toEqual({ h: 10, m: 30 });
    expect(intents.match("between 5–9")?.slots).toEqual({ a: 5, b: 9 });
    expect(intents.match("between 5 - 9")?.slots).toEqual({ a: 5, b: 9 });
    expect(intents.match("water zone-5")?.slots).toEqual({ zone: 5 });
    expect(intents.match("water zone 5")?.slots).toEqual({ zone: 5 });
    expect(intents.match("wake me at 10-30")).toBeNull();
  });

  test("a listed value does not match another number", () => {
    const intents = IntentMatcher.compile({
      slots: { step: ["1", "5", "10"] },
      definitions: [{ name: "i", sentences: ["step {step}"], answer: "a" }],
    });
    for (const text of ["-5", ".5", "–5", "5.5", "5-10", "1,5", "1/10", "± 5"]) {
      expect(intents.match(`step ${text}`), text).toBeNull();
    }
    expect(intents.match("step ５")?.slots).toEqual({ step: "5" });
  });
});
