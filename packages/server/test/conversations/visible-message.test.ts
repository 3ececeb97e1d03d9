import { expect, test } from "vitest";
import { hashMessage } from "../../src/conversations/visible-message.js";

const call = (input: unknown) => ({
  role: "assistant" as const,
  content: "",
  tool_calls: [{ id: "1", name: "light", arguments: input }],
});
const hash = (input: unknown) => hashMessage(call(input), []);

test.each([
  ["another order", { b: 1, a: { d: 1, c: 2 } }],
  ["as text", '{"a":{"c":2,"d":1},"b":1}'],
  ["with empty members, which Home Assistant drops", { a: { c: 2, d: 1, e: null }, b: 1, f: "" }],
])("arguments are the same in another form: %s", (_form, input) => {
  expect(hash(input)).toBe(hash({ a: { c: 2, d: 1 }, b: 1 }));
});

test.each([[{ a: false }], [{ a: 0 }], [{ a: [] }], [{ a: [null] }], ["{"], [null]])("%j are others", (input) => {
  expect(hash(input)).not.toBe(hash({ a: 1 }));
});
