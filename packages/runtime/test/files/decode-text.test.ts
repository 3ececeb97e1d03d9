import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeText } from "../../src/files/decode-text.js";

const utf16 = (text: string, isBig: boolean) => {
  const bytes = Buffer.from(text, "utf16le");
  return isBig ? bytes.swap16() : bytes;
};
/** Texts with a line end, in scripts with few and with many zeros in UTF-16. */
const text = fc
  .array(
    fc.oneof(
      fc.constantFrom("name: a", "grüße: é", "имя: привет", "名前：灯り", "שלום: 1", "😀", "- x\ty", ""),
      fc.string(),
    ),
    {
      minLength: 2,
      maxLength: 8,
    },
  )
  .map((lines) => `a: 1\n${lines.join("\r\n")}\n`.replace(/(?![\t\n\r])\p{Cc}/gu, ""));

test("text of every encoding that editors save is read", () => {
  fc.assert(
    fc.property(text, fc.boolean(), fc.constantFrom("utf-8", "little", "big"), (written, hasMark, encoding) => {
      const marked = `${hasMark ? "\ufeff" : ""}${written}`;
      const bytes = encoding === "utf-8" ? Buffer.from(marked) : utf16(marked, encoding === "big");
      expect(decodeText(bytes)).toEqual({ text: written });
    }),
    { numRuns: 1000 },
  );
});

test("text in a single-byte encoding is reported with the line", () => {
  const signs = fc.constantFrom(...Array.from({ length: 96 }, (_, index) => String.fromCharCode(160 + index)));
  fc.assert(
    fc.property(fc.nat(20), signs, fc.constantFrom("", "a", " b", "\nc", "abc\ndef"), (lines, sign, rest) => {
      const decoded = decodeText(Buffer.from(`${"a: 1\n".repeat(lines)}b: ${sign}${rest}`, "latin1"));
      const code = sign.charCodeAt(0).toString(16).toUpperCase();
      expect(decoded).toMatchObject({
        reason: expect.stringContaining(`it is not UTF-8 text: line ${lines + 1} has the byte 0x${code}`),
        hint: expect.stringContaining("Save it as UTF-8"),
      });
    }),
  );
});

test("other data is called binary, and zero bytes in a text are reported with their line", () => {
  const seeds = [
    [0x47, 0x47, 0x55, 0x46, 3, 0, 0, 0, 0, 0],
    [0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0],
    [0, 255, 254, 128, 0, 1],
  ];
  for (const seed of seeds) expect(decodeText(Uint8Array.from(seed))).toMatchObject({ isBinary: true });
  // Random bytes may be valid UTF-16, so the control character U+0001 is added in either byte order.
  const noise = fc.uint8Array({ minLength: 60, maxLength: 200 }).filter((bytes) => bytes.length % 2 === 0);
  fc.assert(
    fc.property(noise, fc.constantFrom([], [0xff, 0xfe], [0xfe, 0xff]), (bytes, mark) => {
      expect(decodeText(Uint8Array.from([...mark, ...bytes, 0, 1, 1, 0]))).toHaveProperty("reason");
    }),
    { numRuns: 2000 },
  );
  fc.assert(
    fc.property(fc.nat(9), fc.integer({ min: 3, max: 100 }), (lines, zeros) => {
      const bytes = Buffer.from(`${"a: 1\n".repeat(lines)}b: ${"\0".repeat(zeros)}`);
      expect(decodeText(bytes)).toMatchObject({
        reason: expect.stringContaining(`from line ${lines + 1} on`),
        isBinary: false,
      });
    }),
  );
  expect(decodeText(Buffer.from([0xff, 0xfe, 0, 0, 97, 0, 0, 0]))).toMatchObject({ reason: "it is UTF-32 text" });
});
