import fc from "fast-check";
import { expect, test } from "vitest";
import { findPrototypeKeys } from "../src/find-prototype-keys.js";

test("finds own keys named __proto__ at any depth, but not inherited ones", () => {
  const value = JSON.parse(
    '{"a": [{"__proto__": 1}, {"b": {"__proto__": {"__proto__": 2}}}], "__proto__": 3, "c": {}}',
  );
  expect(findPrototypeKeys(value, 20)).toEqual([["__proto__"], ["a", 0, "__proto__"], ["a", 1, "b", "__proto__"]]);
  expect(findPrototypeKeys({ a: [{}, "__proto__", null] }, 20)).toEqual([]);
});

test("stops at the limit", () => {
  const value = JSON.parse(`[${Array.from({ length: 50 }, () => '{"__proto__": 1}').join()}]`);
  expect(findPrototypeKeys(value, 3)).toEqual([
    [0, "__proto__"],
    [1, "__proto__"],
    [2, "__proto__"],
  ]);
});

test("handles nesting deeper than the stack, and cycles", () => {
  const depth = 200_000;
  const deep = JSON.parse(`${"[".repeat(depth)}{"__proto__": 1}${"]".repeat(depth)}`);
  expect(findPrototypeKeys(deep, 20).map((path) => path.length)).toEqual([depth + 1]);
  const circle: { self?: unknown } = {};
  circle.self = circle;
  expect(findPrototypeKeys(circle, 20)).toEqual([]);
});

test("finds nothing in JSON without such a key, and finds one that is inserted", () => {
  fc.assert(
    fc.property(fc.object({ key: fc.string(), maxDepth: 3, values: [fc.string(), fc.integer()] }), (value) => {
      const clean = JSON.parse(JSON.stringify(value).replaceAll("__proto__", "proto"));
      expect(findPrototypeKeys(clean, 20)).toEqual([]);
      const tainted = JSON.parse(`{"clean": ${JSON.stringify(clean)}, "tainted": {"__proto__": 1}}`);
      expect(findPrototypeKeys(tainted, 20)).toEqual([["tainted", "__proto__"]]);
    }),
  );
});
