import fc from "fast-check";
import { expect, test } from "vitest";
import { IntentMatcher } from "../../src/intents/intent-matcher.js";

const words: Record<string, string[]> = {
  tr: ["ışıkları aç", "istanbul saati", "kızın ismi", "çiğ köfte", "ılık su"],
  az: ["işığı söndür", "qırmızı isti"],
  de: ["straße beleuchten", "gießerei öffnen", "größe"],
  el: ["άναψε το φως", "ο σεισμός", "μαΐου", "ρυάκι"],
  lt: ["įjunk šviesą", "žalią ūkį"],
  fr: ["éteins la lumière", "œuvre à noël"],
  nl: ["ĳskast", "ijs"],
  ru: ["включи свет", "ёлка"],
  hy: ["լույս և ջուր"],
  ka: ["სინათლე"],
  vi: ["bật đèn phòng ngủ"],
  pl: ["włącz światło"],
  ja: ["ランプ"],
  en: ["ﬁnd ofﬁce", "turn on", "naïve café"],
};
const samples = Object.entries(words).flatMap(([language, texts]) => texts.map((text) => ({ language, text })));
const fullwidth = (text: string) => text.replace(/[!-~]/g, (one) => String.fromCodePoint(one.charCodeAt(0) + 0xfee0));

const forms: Record<string, (text: string, language: string) => string> = {
  unchanged: (text) => text,
  capitals: (text, language) => text.toLocaleUpperCase(language),
  lowercase: (text, language) => text.toLocaleLowerCase(language),
  "capitalized words": (text, language) =>
    text.replace(/(?<![\p{L}\p{M}])\p{L}/gu, (letter) => letter.toLocaleUpperCase(language)),
  decomposed: (text) => text.normalize("NFD"),
  "decomposed uppercase": (text, language) => text.toLocaleUpperCase(language).normalize("NFD"),
  "fullwidth letters": (text) => fullwidth(text),
  "a capital ß": (text) => text.replaceAll("ß", "ẞ"),
};

test("matches a sentence in every letter case of its language, in any form of the template", () => {
  const form = fc.constantFrom(...Object.keys(forms));
  fc.assert(
    fc.property(fc.constantFrom(...samples), form, form, ({ language, text }, said, templated) => {
      const template = forms[templated]?.(text, language) as string;
      const message = forms[said]?.(text, language) as string;
      const intents = IntentMatcher.compile({
        slots: { thing: [{ value: 1, say: { [language]: [template] } }] },
        definitions: [
          { name: "word", sentences: { [language]: [template] }, answer: "a" },
          { name: "list", sentences: { [language]: [`x {thing}`] }, answer: "a" },
        ],
      });
      expect(intents.match(message)?.intent, `${template} ← ${message}`).toBe("word");
      expect(intents.match(`X ${message}`)?.slots).toEqual({ thing: 1 });
    }),
    { numRuns: 800 },
  );
});

test("distinguishes the dotted and the dotless i of Turkish, also in uppercase", () => {
  const intents = IntentMatcher.compile({
    slots: {
      thing: [
        { value: "dirt", say: { tr: ["kir"] } },
        { value: "field", say: { tr: ["kır"] } },
      ],
    },
    definitions: [{ name: "i", sentences: { tr: ["göster {thing}"], en: ["SHOW ME"] }, answer: "{thing}" }].map(
      (definition) => ({ ...definition, defaults: { thing: "dirt" } }),
    ),
  });
  expect(intents.match("GÖSTER KIR")?.slots).toEqual({ thing: "field" });
  expect(intents.match("GÖSTER KİR")?.slots).toEqual({ thing: "dirt" });
  expect(intents.match("GÖSTER KIR")?.answer()).toBe("kır");
  expect(intents.match("Show me")?.language).toBe("en");
});

test("folds a sentence of every language by its letters", () => {
  const intents = IntentMatcher.compile({
    definitions: [{ name: "i", sentences: ["ışıkları aç", "LIGHTS ON"], answer: "a" }],
  });
  expect(intents.match("IŞIKLARI AÇ")).not.toBeNull();
  expect(intents.match("lights on")).not.toBeNull();
});
