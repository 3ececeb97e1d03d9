import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  fillText,
  fillValue,
  findTemplateIssues,
  MAX_INSERTED_CHARACTERS,
} from "../../../src/triggers/acts/template.js";

const event = {
  id: "e1",
  trigger: "dry-bed",
  at: Date.parse("2026-11-30T06:00:00Z"),
  topic: "garden/tomatoes/moisture",
  payload: { percent: 12.5, ok: true, none: null, list: [1, { a: "b" }], text: "dry", nested: { deep: "x" } },
};

describe("a text that is one placeholder", () => {
  test.each([
    ["{payload.percent}", 12.5],
    ["{payload.ok}", true],
    ["{payload.none}", null],
    ["{payload.list}", [1, { a: "b" }]],
    ["{payload.list.1.a}", "b"],
    ["{payload}", event.payload],
    ["{topic.1}", "tomatoes"],
    ["{topic}", "garden/tomatoes/moisture"],
    ["{trigger}", "dry-bed"],
    ["{event}", "e1"],
    ["{at}", "2026-11-30T06:00:00.000Z"],
    ["{answer}", "Done."],
  ])("%s keeps the type of its value", (template, value) => {
    expect(fillValue(template, { event, answer: "Done." })).toEqual(value);
    expect(fillValue({ deep: [template] }, { event, answer: "Done." })).toEqual({ deep: [value] });
  });
});

describe("a longer text", () => {
  test.each([
    ["Bed {topic.1}: {payload.percent} %", "Bed tomatoes: 12.5 %"],
    ["{payload.list} and {payload.none}", '[1,{"a":"b"}] and null'],
    ["{{payload.text}} is {payload.text}", "{payload.text} is dry"],
    ['{"bed":"{topic.1}","inner":{"percent":{payload.percent}}}', '{"bed":"tomatoes","inner":{"percent":12.5}}'],
    ["{ } {} { payload.text } {1}", "{ } {} { payload.text } {1}"],
    ["no placeholder", "no placeholder"],
  ])("%s", (template, text) => {
    expect(fillText(template, { event })).toBe(text);
  });

  test("has at most 2,000 characters of each value of the event, and the whole answer", () => {
    const long = { ...event, payload: { text: "x".repeat(10_000) } };
    const answer = "y".repeat(10_000);
    expect(fillText("a {payload.text} b", { event: long })).toHaveLength(MAX_INSERTED_CHARACTERS + 4);
    expect(fillText("{payload.text}", { event: long })).toHaveLength(MAX_INSERTED_CHARACTERS);
    expect(fillText("{answer}", { event: long, answer })).toBe(answer);
  });
});

test.each([
  ["{payload.missing}", "payload.missing is missing in the event"],
  ["a {payload.percent.more}", "payload.percent.more is missing in the event"],
  ["{payload.constructor}", "payload.constructor is missing in the event"],
  ["{payload.__proto__}", "payload.__proto__ is missing in the event"],
  ["{topic.7}", "topic.7 is missing in the event"],
  ["{answer}", "{answer} has no value before the act"],
  ["{humidity}", "{humidity} is not a placeholder"],
])("%s is a failure that names the value", (template, message) => {
  expect(() => fillText(template, { event })).toThrow(message);
  expect(() => fillValue(template, { event })).toThrow(message);
});

test("nested arguments have a limit", () => {
  let deep: unknown = "{payload.text}";
  for (let level = 0; level < 100; level++) deep = [deep];
  expect(() => fillValue(deep, { event })).toThrow("nested deeper");
});

test("check finds placeholders that name nothing, with their place", () => {
  const template = {
    bed: "{topic.1}",
    list: ["{payload..x}", { text: "a {wrong} {answer} {topic.x}" }],
    at: "{at.hour}",
  };
  expect(findTemplateIssues(template, { hasTopic: true, hasAnswer: false }).map(({ path }) => path)).toEqual([
    ["list", 0],
    ["list", 1, "text"],
    ["list", 1, "text"],
    ["list", 1, "text"],
    ["at"],
  ]);
  expect(findTemplateIssues("{topic.1}", { hasTopic: false, hasAnswer: false })).toMatchObject([
    { path: [], message: expect.stringContaining("only messages of a broker have a topic") },
  ]);
  expect(findTemplateIssues("{{wrong}} {answer}", { hasTopic: false, hasAnswer: true })).toEqual([]);
});

test("any text is filled or refused with a message, and literal text stays", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("{", "}", ".", "a", "payload", "topic", "1", " ", '"') }),
      (template) => {
        const hasIssue = findTemplateIssues(template, { hasTopic: true, hasAnswer: false }).length > 0;
        try {
          const text = fillText(template, { event });
          expect(hasIssue).toBe(false);
          if (!/[{}]/.test(template)) expect(text).toBe(template);
        } catch (error) {
          expect((error as Error).name).toBe("TemplateError");
        }
      },
    ),
    { numRuns: 2000 },
  );
});
