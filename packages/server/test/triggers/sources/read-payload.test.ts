import fc from "fast-check";
import { expect, test } from "vitest";
import { readPayload } from "../../../src/triggers/sources/read-payload.js";

const read = (text: string) => readPayload(new TextEncoder().encode(text));

test.each([
  ["an object", '{"percent": 23.0, "ok": true}', { percent: 23, ok: true }],
  ["a list", "[1,2]", [1, 2]],
  ["a number", " 23.5\n", 23.5],
  ["true", "true", true],
  ["null", "null", null],
  ["a JSON string", '"ON"', "ON"],
  ["text", "ON", "ON"],
  ["text that begins like JSON", '{"a":', '{"a":'],
  ["text that looks like a number", "007", "007"],
  ["nothing", "", ""],
  ["a number that JavaScript would change", "12345678901234567890", "12345678901234567890"],
  ["such a number in an object", '{"id":12345678901234567890}', { id: "12345678901234567890" }],
])("reads %s", (_, text, value) => {
  expect(read(text)).toEqual(value);
});

test("reads bytes that are not text as base64", () => {
  expect(readPayload(new Uint8Array([0xff, 0x00, 0x80]))).toEqual({ base64: "/wCA" });
});

test("keys of the prototype are data", () => {
  expect(JSON.stringify(read('{"__proto__":{"x":1}}'))).toBe('{"__proto__":{"x":1}}');
  expect(({} as { x?: number }).x).toBeUndefined();
});

test("reads any bytes to data that JSON can hold, and any JSON as it is", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(() => JSON.stringify(readPayload(bytes))).not.toThrow();
    }),
  );
  fc.assert(
    fc.property(fc.json({ noUnicodeString: false } as object), (text) => {
      expect(JSON.stringify(read(text))).toBe(JSON.stringify(JSON.parse(text)));
    }),
  );
});
