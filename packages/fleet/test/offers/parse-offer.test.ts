import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FleetError } from "../../src/fleet-error.js";
import { MAX_OFFER_BYTES, MAX_OFFERED_MANIFEST_BYTES, PIECE_BYTES } from "../../src/offers/bundle-offer.js";
import { parseOffer } from "../../src/offers/parse-offer.js";
import { expectSchema, problemsOf } from "./message-schema.js";
import { bytesOf, files, signedBundle } from "./offer-parts.js";

const { offer } = signedBundle();

function refusal(value: unknown): string {
  try {
    parseOffer(value instanceof Uint8Array ? value : bytesOf(value));
  } catch (error) {
    if (FleetError.isInstance(error) && error.code === "bundle-malformed") return error.reason ?? "";
    throw error;
  }
  throw new Error("It was parsed");
}

describe("an offer", () => {
  test("is read as it was made", () => {
    for (const made of [
      offer,
      signedBundle({ url: "https://example.com/garden.bundle" }).offer,
      signedBundle({ files: files(10, 40_000) }).offer,
    ]) {
      expect(parseOffer(bytesOf(made))).toEqual(made);
      expectSchema("bundle-offer", made);
    }
  });

  test("leaves a long manifest out", () => {
    const many = signedBundle({ files: files(700, 0) });
    expect(many.head.manifestBytes.length).toBeGreaterThan(MAX_OFFERED_MANIFEST_BYTES);
    expect(many.offer.manifest).toBeNull();
    expect(parseOffer(bytesOf(many.offer))).toEqual(many.offer);
    expectSchema("bundle-offer", many.offer);
  });

  test("leaves a manifest out that becomes too long as JSON", () => {
    // Each quotation mark and backslash of a name is four bytes in the offer.
    const name = '"'.repeat(90);
    const path = (index: number) => `${index}-${"\u00e9".repeat(40)}.txt`;
    const list = Array.from({ length: 250 }, (_, index) => ({ path: path(index), text: "" }));
    const made = signedBundle({ files: [{ path: "agent.yaml", text: "x\n" }, ...list], change: { name } });
    expect(bytesOf(made.offer).length).toBeLessThanOrEqual(MAX_OFFER_BYTES);
    expect(parseOffer(bytesOf(made.offer))).toEqual(made.offer);
  });

  test.each<[string, unknown, RegExp]>([
    ["too large", bytesOf({ ...offer, manifest: "x".repeat(MAX_OFFER_BYTES) }), /more than 128 KB/],
    ["not JSON", bytesOf("{"), /not a JSON object/],
    ["not UTF-8", Uint8Array.of(0x22, 0xff, 0x22), /not a JSON object/],
    ["deeply nested", bytesOf("[".repeat(100_000)), /not a JSON object/],
    ["a list", [offer], /not a JSON object/],
    ["null", null, /not a JSON object/],
    ["of a newer format", { ...offer, format: 2 }, /format 2, which a newer nanoagent wrote/],
    ["without format", { ...offer, format: undefined }, /"format" is not 1/],
    ["with an unknown key", { ...offer, run: "reboot" }, /unknown key "run"/],
    ["with a prototype", bytesOf(JSON.stringify(offer).replace("{", '{"__proto__":{},')), /unknown key "__proto__"/],
    ["with sequence 0", { ...offer, sequence: 0 }, /"sequence"/],
    ["with a huge sequence", { ...offer, sequence: 2 ** 60 }, /"sequence"/],
    ["with a text as sequence", { ...offer, sequence: "7" }, /"sequence"/],
    ["with a wrong hash", { ...offer, manifest_sha256: "0".repeat(64) }, /does not have the hash/],
    ["with a hash in capitals", { ...offer, manifest_sha256: offer.manifest_sha256.toUpperCase() }, /not a SHA-256/],
    ["with another manifest", { ...offer, manifest: `${offer.manifest} ` }, /does not have the hash/],
    ["with a manifest as an object", { ...offer, manifest: {} }, /neither a text nor null/],
    ["with a long manifest", { ...offer, manifest: "x".repeat(70_000) }, /more than 64 KB/],
    ["with signatures as a text", { ...offer, signatures: "yes" }, /signatures/],
    ["with a signature of another kind", { ...offer, signatures: [{ algorithm: "none" }] }, /algorithm/],
    ["with 17 signatures", { ...offer, signatures: Array(17).fill(offer.signatures[0]) }, /signatures/],
    ["without bytes", { ...offer, size: 0 }, /"size"/],
    ["too large a bundle", { ...offer, size: 2 ** 40 }, /"size"/],
    ["with half a byte", { ...offer, size: 10.5 }, /"size"/],
    ["from nowhere", { ...offer, from: {} }, /exactly one of the keys/],
    ["from two places", { ...offer, from: { url: "https://example.com/", pieces: 1 } }, /exactly one of the keys/],
    ["from a text", { ...offer, from: "here" }, /not an object/],
    ["in too many pieces", { ...offer, from: { pieces: 2 } }, /is not 1, the number of pieces/],
    ["from a file", { ...offer, from: { url: "file:///etc/passwd" } }, /http:\/\/ or https:\/\//],
    ["with a password", { ...offer, from: { url: "https://me:secret@example.com/" } }, /user name or a password/],
    ["from a long address", { ...offer, from: { url: `https://example.com/${"x".repeat(3000)}` } }, /more than 2048/],
    ["from a relative address", { ...offer, from: { url: "/bundle" } }, /not a URL/],
  ])("%s is refused", (_, value, expected) => {
    expect(refusal(value)).toMatch(expected);
  });

  test("any bytes are an offer or a typed error", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void expect(refusal(bytes)).not.toBe("")));
    const anything = fc.oneof(fc.jsonValue(), fc.integer(), fc.constant(undefined), fc.constantFrom("", "__proto__"));
    const names = fc.constantFrom(...Object.keys(offer), "more", "__proto__");
    fc.assert(
      fc.property(names, anything, (name, value) => {
        const changed = { ...offer };
        Object.defineProperty(changed, name, { value, enumerable: true });
        try {
          const parsed = parseOffer(bytesOf(changed));
          expect(parsed.manifest_sha256).toBe(offer.manifest_sha256);
          expect(problemsOf("bundle-offer", parsed)).toEqual([]);
        } catch (error) {
          expect(FleetError.isInstance(error)).toBe(true);
        }
      }),
    );
  });

  test("the number of pieces follows from the size", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 }), fc.integer({ min: -1, max: 1 }), (count, more) => {
        const size = Math.max(1, count * PIECE_BYTES + more);
        const pieces = Math.ceil(size / PIECE_BYTES);
        expect(parseOffer(bytesOf({ ...offer, size, from: { pieces } })).from).toEqual({ pieces });
        expect(refusal({ ...offer, size, from: { pieces: pieces + 1 } })).toMatch(/number of pieces/);
      }),
    );
  });
});
