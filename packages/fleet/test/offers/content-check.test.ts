import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FleetError } from "../../src/fleet-error.js";
import { ContentCheck, WrongContent } from "../../src/offers/content-check.js";
import { files, signedBundle, type TestBundle } from "./offer-parts.js";

const bundle = signedBundle({ files: files(12, 300) });

function checkOf({ bytes, head }: TestBundle, checkHead = () => {}): ContentCheck {
  return new ContentCheck({ totalBytes: bytes.length, manifestSha256: head.manifestSha256, checkHead });
}

/** Pushes bytes in parts of the given sizes, again and again. */
function pushAll(check: ContentCheck, bytes: Uint8Array, sizes: readonly number[]): void {
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    check.push(bytes.subarray(at, at + size));
    at += size;
  }
}

const parts = fc.array(fc.integer({ min: 1, max: 4000 }), { minLength: 1, maxLength: 8 });

describe("the content of a bundle", () => {
  test("is right in parts of any size", () => {
    fc.assert(
      fc.property(parts, (sizes) => {
        let heads = 0;
        const check = checkOf(bundle, () => {
          heads += 1;
        });
        pushAll(check, bundle.bytes, sizes);
        expect([heads, check.isComplete, check.goodBytes]).toEqual([1, true, bundle.bytes.length]);
      }),
    );
  });

  test("is wrong after a change of any byte of its files, and goes on after the last good file", () => {
    const { headBytes } = bundle.head;
    fc.assert(
      fc.property(parts, fc.integer({ min: headBytes, max: bundle.bytes.length - 1 }), (sizes, place) => {
        const damaged = Uint8Array.from(bundle.bytes);
        damaged[place] = (damaged[place] ?? 0) ^ 1;
        const check = checkOf(bundle);
        expect(() => pushAll(check, damaged, sizes)).toThrow(WrongContent);
        check.goBack();
        expect(check.goodBytes).toBeGreaterThanOrEqual(headBytes);
        expect(check.goodBytes).toBeLessThanOrEqual(place);
        pushAll(check, bundle.bytes.subarray(check.goodBytes), sizes);
        expect(check.isComplete).toBe(true);
      }),
    );
  });

  test("may have ten thousand empty files", () => {
    const many = signedBundle({ files: [{ path: "agent.yaml", text: "x" }, ...emptyFiles(9999)] });
    const check = checkOf(many);
    pushAll(check, many.bytes, [100_000]);
    expect(check.isComplete).toBe(true);
  });

  test("ends with its last file", () => {
    const check = checkOf(bundle);
    check.push(bundle.bytes);
    expect(() => check.push(Uint8Array.of(0))).toThrow("more bytes");
  });

  test("that is something else is wrong as soon as its first line is here", () => {
    const page = new TextEncoder().encode("<!doctype html>\n<title>Please log in</title>\n");
    expect(() => checkOf(bundle).push(page)).toThrow(WrongContent);
    const other = signedBundle({ files: files(3, 10) });
    expect(() => checkOf(bundle).push(other.bytes)).toThrow("another bundle");
  });

  test("of zeros is wrong at once, and one without the end of its lines with its last byte", () => {
    expect(() => checkOf(bundle).push(new Uint8Array(1))).toThrow(WrongContent);
    const check = checkOf(bundle);
    const { length } = bundle.bytes;
    check.push(bundle.bytes.subarray(0, 100));
    check.push(new Uint8Array(length - 101));
    expect(() => check.push(new Uint8Array(1))).toThrow(WrongContent);
    check.goBack();
    check.push(bundle.bytes);
    expect(check.isComplete).toBe(true);
  });

  test("without the end of a line is given up", () => {
    const check = checkOf(bundle);
    const block = new Uint8Array(1024 * 1024).fill(0x20);
    expect(() => {
      for (let megabytes = 0; megabytes < 20; megabytes += 1) check.push(block);
    }).toThrow(WrongContent);
  });

  test("of the right manifest with something wrong in it is malformed for good", () => {
    const { bytes, head } = bundle;
    // The size of the whole bundle is another one than its manifest says.
    const check = new ContentCheck({
      totalBytes: bytes.length + 1,
      manifestSha256: head.manifestSha256,
      checkHead: () => {},
    });
    expect(() => check.push(bytes)).toThrow(FleetError);
  });
});

function emptyFiles(count: number) {
  return Array.from({ length: count }, (_, index) => ({ path: `e/${index}`, text: "" }));
}
