import type { IntentSettings } from "@nanoagent/models";
import { expect, test } from "vitest";
import { findAmbiguities } from "../../src/intents/find-ambiguities.js";
import { IntentMatcher } from "../../src/intents/intent-matcher.js";

function ambiguities(sentences: Record<string, string[]>, slots: IntentSettings["slots"] = {}) {
  const definitions = Object.entries(sentences).map(([name, templates]) => ({
    name,
    sentences: templates,
    answer: "a",
  }));
  const { found, complete } = findAmbiguities(IntentMatcher.compile({ slots, definitions }));
  expect(complete).toBe(true);
  return found.map(({ intents, example }) => `${intents.join("/")}: ${example}`);
}

const slots: IntentSettings["slots"] = {
  lamp: ["desk lamp", "hall light"],
  heater: ["heater", "hall light"],
  small: { from: 0, to: 10, step: 2 },
  odd: { from: 1, to: 11, step: 2 },
  fine: { from: 0.5, to: 4.5, step: 0.5 },
  any: "text",
};

test.each<[Record<string, string[]>, string[]]>([
  [{ a: ["turn on"], b: ["turn off"] }, []],
  [{ a: ["turn on"], b: ["turn (off|on)"] }, ["a/b: turn on"]],
  [{ a: ["turn on {lamp}"], b: ["turn on {heater}"] }, ["a/b: turn on hall light"]],
  [{ a: ["turn on {lamp} [now]"], b: ["turn on {heater} please"] }, []],
  // One of the two has more literal words.
  [{ a: ["turn on {lamp}"], b: ["turn on hall light"] }, []],
  [{ a: ["turn on {lamp}"], b: ["turn on {any}"] }, []],
  [{ a: ["note {any}"], b: ["note {any:other}"] }, ["a/b: note something"]],
  [{ a: ["note {any} now"], b: ["note {any}"] }, []],
  [{ a: ["x {any} b"], b: ["x b {any}"] }, ["a/b: x b b"]],
  [{ a: ["set {small}"], b: ["set {odd}"] }, []],
  [{ a: ["set {small}"], b: ["set {fine}"] }, ["a/b: set 2"]],
  [{ a: ["set {small}"], b: ["set 4"] }, []],
  [{ a: ["[very] good"], b: ["good [indeed]"] }, ["a/b: good"]],
  [{ a: ["good", "fine"], b: ["fine", "good"], c: ["fine"] }, ["a/b: good", "a/c: fine", "b/c: fine"]],
])("%j", (sentences, expected) => {
  expect(ambiguities(sentences, slots)).toEqual(expected);
});

test("allows equal sentences of one intent", () => {
  expect(ambiguities({ a: ["good [day]", "good (day|night)"] })).toEqual([]);
});

test("stops the search for hostile sentences and reports it as incomplete", () => {
  const parts = Array.from({ length: 45 }, (_, index) => `[{any:a${index}} k${index}]`).join(" ");
  const matcher = IntentMatcher.compile({
    slots: { any: "text" },
    definitions: [
      { name: "a", sentences: [`x ${parts} y z`], answer: "a" },
      { name: "b", sentences: [`x ${parts} z y`], answer: "a" },
    ],
  });
  expect(findAmbiguities(matcher)).toEqual({ found: [], complete: false });
});

test("distinguishes a thousand similar sentences in few steps", () => {
  const definitions = Array.from({ length: 1000 }, (_, index) => ({
    name: `i${index}`,
    sentences: [`(turn|switch) (on|off) {lamp} number${"abcdefghij"[index % 10]} [x] part${index}`],
    answer: "a",
  }));
  definitions.push({ name: "same", sentences: ["switch on {heater} number c part 502"], answer: "a" });
  definitions.push({ name: "again", sentences: ["(switch on|go) {lamp} number c part [x] 502"], answer: "a" });
  const { found, complete } = findAmbiguities(IntentMatcher.compile({ slots: { ...slots }, definitions }));
  expect(complete).toBe(true);
  expect(found.map(({ intents }) => intents)).toEqual([["same", "again"]]);
});
