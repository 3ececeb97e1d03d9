import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_ASK_BYTES, readAsk } from "../../src/mqtt/read-ask.js";
import { oddText } from "./odd-text.js";

const bytes = (text: string) => new TextEncoder().encode(text);

/** The code of the error, or the ask. */
function reading(payload: string | Uint8Array) {
  const result = readAsk(typeof payload === "string" ? bytes(payload) : payload);
  return "error" in result ? { id: result.id, code: result.error.code, message: result.error.message } : result.ask;
}

describe("readAsk", () => {
  test("reads a text", () => {
    expect(reading(" How warm is it? \n")).toEqual({
      text: "How warm is it?",
      id: null,
      conversation: null,
      isPlain: true,
    });
    expect(reading("[1, 2]")).toMatchObject({ text: "[1, 2]", isPlain: true });
  });

  test("reads JSON with an id and a conversation", () => {
    expect(reading('{"text": "Hi", "id": 7, "conversation": "kitchen"}')).toEqual({
      text: "Hi",
      id: 7,
      conversation: "kitchen",
      isPlain: false,
    });
    expect(reading('{"text": "Hi", "id": null, "conversation": null}')).toMatchObject({ id: null, conversation: null });
  });

  test.each([
    ["", null, "request-not-valid", "has no text"],
    ["  ", null, "request-not-valid", "has no text"],
    ["{hello", null, "request-not-valid", "is not JSON"],
    ["{}", null, "request-not-valid", "has no text"],
    ['{"text": 7, "id": "a"}', "a", "request-not-valid", "has no text"],
    ['{"text": "Hi", "id": true}', null, "request-not-valid", "The id"],
    [`{"text": "Hi", "id": "${"x".repeat(201)}"}`, null, "request-not-valid", "The id"],
    ['{"text": "Hi", "id": 1, "conversation": ""}', 1, "request-not-valid", "The conversation"],
    ['{"text": "Hi", "id": 1, "conversaton": "a"}', 1, "request-not-valid", 'Unknown key "conversaton"'],
    ['{"text": "Hi", "__proto__": {"id": 1}}', null, "request-not-valid", "Unknown key"],
  ])("refuses %s", (payload, id, code, message) => {
    expect(reading(payload)).toEqual({ id, code, message: expect.stringContaining(message) });
  });

  test("refuses bytes that are not UTF-8, and more than 8 KB", () => {
    expect(reading(new Uint8Array([0x41, 0xff]))).toMatchObject({ code: "request-not-valid" });
    expect(reading("x".repeat(MAX_ASK_BYTES))).toMatchObject({ isPlain: true });
    expect(reading("x".repeat(MAX_ASK_BYTES + 1))).toMatchObject({ code: "message-too-large" });
  });

  test("gives an ask with a text or an error, whatever comes", () => {
    const payload = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      oddText(100).map(bytes),
      fc.json().map(bytes),
      fc
        .dictionary(fc.constantFrom("text", "id", "conversation", "x"), fc.jsonValue())
        .map((v) => bytes(JSON.stringify(v))),
    );
    fc.assert(
      fc.property(payload, (value) => {
        const result = readAsk(value);
        return "error" in result ? result.error.message.length > 0 : result.ask.text.trim().length > 0;
      }),
    );
  });
});
