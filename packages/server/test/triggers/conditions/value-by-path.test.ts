import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isValuePath, valueAt } from "../../../src/triggers/conditions/value-by-path.js";

const event = {
  at: 1_800_000_000_000,
  topic: "garden/3/moisture",
  payload: { percent: 25, items: [{ name: "a" }, null], nested: { "": 1, deep: false }, text: "abc" },
};

describe("values by path", () => {
  test.each([
    ["payload", event.payload],
    ["payload.percent", 25],
    ["payload.items.0.name", "a"],
    ["payload.items.1", null],
    ["payload.nested.deep", false],
    ["topic", "garden/3/moisture"],
    ["topic.0", "garden"],
    ["topic.1", "3"],
    ["at", 1_800_000_000_000],
  ])("%s", (path, value) => {
    expect(isValuePath(path)).toBe(true);
    expect(valueAt(event, path)).toEqual(value);
  });

  test.each([
    "payload.none",
    "payload.items.2",
    "payload.items.length",
    "payload.items.-1",
    "payload.items.01",
    "payload.text.0",
    "payload.text.length",
    "payload.percent.toFixed",
    "payload.__proto__",
    "payload.constructor",
    "payload.constructor.name",
    "topic.3",
  ])("%s is missing", (path) => {
    expect(isValuePath(path)).toBe(true);
    expect(valueAt(event, path)).toBeUndefined();
  });

  test.each([
    "",
    "payloads",
    "payload.",
    "payload..a",
    "topic.x",
    "topic.1.2",
    "at.0",
    "event",
    "constructor",
    ".payload",
  ])("%j is not a path", (path) => {
    expect(isValuePath(path)).toBe(false);
    expect(valueAt(event, path)).toBeUndefined();
  });

  test("an event without a topic has no levels", () => {
    expect(valueAt({ at: 1, payload: "x" }, "topic")).toBeUndefined();
    expect(valueAt({ at: 1, payload: "x" }, "topic.0")).toBeUndefined();
  });

  test("any path of any payload gives a value of the payload or nothing", () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.array(fc.oneof(fc.string(), fc.constantFrom("__proto__", "0", "length"))),
        (payload, parts) => {
          const value = valueAt({ at: 1, payload }, ["payload", ...parts].join("."));
          if (value !== undefined) expect(JSON.stringify(payload)).toContain(JSON.stringify(value));
        },
      ),
    );
  });
});
