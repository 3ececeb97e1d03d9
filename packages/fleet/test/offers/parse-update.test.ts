import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isFinished, parseUpdate } from "../../src/offers/parse-update.js";
import { expectSchema } from "./message-schema.js";
import { bytesOf, signedBundle, updateOf } from "./offer-parts.js";

const { offer } = signedBundle();
const update = updateOf(offer, { state: "fetching", progress: 0.25, reason: "It is slow." });

describe("the state of an update", () => {
  test.each([update, updateOf(offer), updateOf(offer, { state: "rolled-back", reason: "A door is open." })])(
    "is read as it was written: $state",
    (message) => {
      expect(parseUpdate(bytesOf(message))).toEqual(message);
      expectSchema("update-message", message);
    },
  );

  test("may have keys of a later version", () => {
    expect(parseUpdate(bytesOf({ ...update, mood: "good" }))).toEqual(update);
  });

  test("needs only the sequence and the state", () => {
    const rest = { format: 1, manifest_sha256: null, progress: null, at: null };
    for (const message of [
      { sequence: 7, state: "refused", reason: "A door is open." },
      { sequence: 7, state: "applied", reason: null, manifest_sha256: null, at: null },
      { sequence: 7, state: "applied" },
    ]) {
      expect(parseUpdate(bytesOf(message))).toEqual({ ...rest, reason: null, ...message });
      expectSchema("update-message", message);
    }
  });

  test("has a reason of bounded length", () => {
    const reason = `${"x".repeat(1999)}\u{1f600}`;
    expect(parseUpdate(bytesOf({ ...update, reason }))?.reason).toBe("x".repeat(1999));
  });

  test.each<[string, unknown]>([
    ["empty", ""],
    ["not JSON", "applied"],
    ["of another format", { ...update, format: 2 }],
    ["without a format's number", { ...update, format: null }],
    ["without sequence", { ...update, sequence: undefined }],
    ["with an unknown state", { ...update, state: "exploded" }],
    ["with a state of the prototype", { ...update, state: "constructor" }],
    ["with a malformed hash", { ...update, manifest_sha256: "abc" }],
    ["with a number as the reason", { ...update, reason: 5 }],
    ["with too much progress", { ...update, progress: 1.5 }],
    ["with a malformed time", { ...update, at: "soon" }],
    ["with a long time", { ...update, at: `2026${" ".repeat(100)}` }],
    ["too large", { ...update, reason: "x".repeat(40_000) }],
    ["a list", [update]],
  ])("%s is not one", (_, value) => {
    expect(parseUpdate(bytesOf(value))).toBeNull();
  });

  test("any bytes are one or null", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void expect(parseUpdate(bytes)).toBeNull()));
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(update)), fc.jsonValue(), (name, value) => {
        const parsed = parseUpdate(bytesOf({ ...update, [name]: value }));
        if (parsed !== null) expectSchema("update-message", parsed);
      }),
    );
  });

  test("ends with four states", () => {
    expect((["applied", "current", "refused", "rolled-back"] as const).every((state) => isFinished({ state }))).toBe(
      true,
    );
    expect((["waiting", "fetching", "proving", "starting"] as const).some((state) => isFinished({ state }))).toBe(
      false,
    );
  });
});
