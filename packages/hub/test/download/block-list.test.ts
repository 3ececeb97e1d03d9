import fc from "fast-check";
import { expect, test } from "vitest";
import { formatBlockHash, formatListHeader, isSameContent, parseBlockList } from "../../src/download/block-list.js";

const hash = fc.stringMatching(/^[0-9a-f]{64}$/);
const identity = fc.record({
  bytes: fc.option(fc.nat()),
  sha256: fc.option(hash),
  gitSha1: fc.option(fc.stringMatching(/^[0-9a-f]{40}$/)),
  validator: fc.option(fc.string()),
});

test("a list is read as it was written, up to the line that was cut off or damaged", () => {
  fc.assert(
    fc.property(identity, fc.array(hash), fc.nat(), fc.nat(), (whole, hashes, cut, damaged) => {
      const header = formatListHeader(whole);
      const text = header + hashes.map(formatBlockHash).join("");
      expect(parseBlockList(text)).toEqual({ identity: whole, hashes });
      const end = header.length + (cut % (text.length - header.length + 1));
      const finished = Math.floor((end - header.length) / 65);
      expect(parseBlockList(text.slice(0, end))?.hashes).toEqual(hashes.slice(0, finished));
      if (hashes.length === 0) return;
      const at = header.length + (damaged % (text.length - header.length));
      const wrong = `${text.slice(0, at)}!${text.slice(at + 1)}`;
      expect(parseBlockList(wrong)?.hashes).toEqual(hashes.slice(0, Math.floor((at - header.length) / 65)));
    }),
  );
});

test("other contents are not a list", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => parseBlockList(`${text}\n`) === null));
  const header = formatListHeader({ bytes: 1, sha256: null, gitSha1: null, validator: null });
  expect(parseBlockList(header.replace("8388608", "4096"))).toBeNull();
  expect(parseBlockList(header.replace('"bytes":1', '"bytes":-1'))).toBeNull();
  expect(parseBlockList(header.trimEnd())).toBeNull();
});

test("a partial file continues only as the same contents", () => {
  const sha256 = "a".repeat(64);
  const partial = { bytes: 10, sha256, gitSha1: null, validator: null };
  expect(isSameContent(partial, { bytes: 10, sha256, gitSha1: null })).toBe(true);
  expect(isSameContent(partial, { bytes: null, sha256, gitSha1: null })).toBe(true);
  expect(isSameContent(partial, { bytes: 11, sha256, gitSha1: null })).toBe(false);
  expect(isSameContent(partial, { bytes: 10, sha256: "b".repeat(64), gitSha1: null })).toBe(false);
  const unhashed = { ...partial, sha256: null };
  expect(isSameContent(unhashed, { bytes: 10, sha256: null, gitSha1: null })).toBe(false);
  expect(isSameContent({ ...unhashed, validator: '"v1"' }, { bytes: 10, sha256: null, gitSha1: null })).toBe(true);
});
