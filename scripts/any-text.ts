import fc from "fast-check";

const [SURROGATES_FROM, SURROGATES, CODE_POINTS] = [0xd800, 0x800, 0x110000];
/** Names of properties that every object inherits. */
const INHERITED = ["__proto__", "constructor", "hasOwnProperty", "toString", "valueOf"];

/** Any code point; half of them from the first 256, where most characters with a special meaning are. */
const anyCharacter = fc.oneof(
  fc.integer({ min: 0, max: 0xff }).map((number) => String.fromCodePoint(number)),
  fc
    .integer({ min: 0, max: CODE_POINTS - SURROGATES - 1 })
    .map((number) => String.fromCodePoint(number < SURROGATES_FROM ? number : number + SURROGATES)),
);

/** Arbitrary text. Like `fc.string({ unit: "binary" })`, which takes seconds to start. */
export function anyText(length: { minLength?: number; maxLength?: number } = {}): fc.Arbitrary<string> {
  const { minLength = 0, maxLength = Number.POSITIVE_INFINITY } = length;
  const names = INHERITED.filter((name) => name.length >= minLength && name.length <= maxLength);
  const text = fc.string({ ...length, unit: anyCharacter });
  return names.length === 0
    ? text
    : fc.oneof({ arbitrary: text, weight: 15 }, { arbitrary: fc.constantFrom(...names), weight: 1 });
}
