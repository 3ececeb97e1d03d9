/** The text of a file, or the reason why it is not text (a clause) with a hint. */
export type DecodedText =
  | { readonly text: string }
  | { readonly reason: string; readonly hint: string; readonly isBinary: boolean };

const saveAsUtf8 = "Save it as UTF-8.";
/** Control characters that text does not contain. Zero bytes are checked before. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: files with these control characters are not text
const binaryControls = /[\u0000-\u0008\u000e-\u001a\u001c-\u001f\ufffe\uffff]/;

/**
 * Decodes UTF-8, and UTF-16 of either byte order, with or without a byte order mark, which is removed. For anything
 * else the reason names the encoding, if it can be detected, and the line of the first invalid byte.
 */
export function decodeText(bytes: Uint8Array): DecodedText {
  const [first, second] = bytes;
  const isLittle = first === 0xff && second === 0xfe;
  if ((isLittle && bytes[2] === 0 && bytes[3] === 0) || (bytes[2] === 0xfe && bytes[3] === 0xff && !first && !second)) {
    return { reason: "it is UTF-32 text", hint: saveAsUtf8, isBinary: false };
  }
  if (isLittle || (first === 0xfe && second === 0xff)) {
    const text = decodeAs(isLittle ? "utf-16le" : "utf-16be", bytes);
    if (text !== null && !binaryControls.test(text)) return { text };
    return { reason: "it is not UTF-16 text", hint: saveAsUtf8, isBinary: text !== null };
  }
  const zero = bytes.indexOf(0);
  if (zero >= 0) return withZeros(bytes, zero);
  const text = decodeAs("utf-8", bytes);
  return text === null ? otherEncoding(bytes) : { text };
}

/** UTF-16 without a mark is recognized by the zeros of its ASCII characters and line ends: most are on one side. */
function withZeros(bytes: Uint8Array, zero: number): DecodedText {
  const zeros = [0, 0] as [number, number];
  for (let at = zero; at >= 0; at = bytes.indexOf(0, at + 1)) zeros[at % 2 === 0 ? 0 : 1] += 1;
  const [even, odd] = zeros;
  const isMostlyAscii = Math.max(even, odd) >= bytes.length / 4;
  const plain = decodeAs("utf-8", bytes)?.replaceAll("\0", "");
  const isPlain = plain !== undefined && !binaryControls.test(plain);
  if (even !== odd && (isMostlyAscii || !isPlain)) {
    const text = decodeAs(odd > even ? "utf-16le" : "utf-16be", bytes);
    if (text !== null && !binaryControls.test(text) && (isMostlyAscii || text.includes("\n"))) return { text };
  }
  if (!isPlain) return { reason: "it is binary, not text", hint: saveAsUtf8, isBinary: true };
  return {
    reason: `it has bytes of 0 from line ${lineAt(bytes, zero)} on, as after a power cut`,
    hint: "Restore the file from a copy, or remove them and save it as UTF-8.",
    isBinary: false,
  };
}

function otherEncoding(bytes: Uint8Array): DecodedText {
  const at = firstWrong(bytes);
  const byte = bytes[at] ?? 0;
  const sign = new TextDecoder("windows-1252").decode(bytes.subarray(at, at + 1));
  const isSign = /[\p{L}\p{P}\p{S}]/u.test(sign);
  const found = `0x${byte.toString(16).toUpperCase()}${isSign ? `, which is ${sign} in Windows-1252` : ""}`;
  return {
    reason: `it is not UTF-8 text: line ${lineAt(bytes, at)} has the byte ${found}`,
    hint: `${saveAsUtf8} Choose it in the editor's "Save as", or run iconv -f WINDOWS-1252 -t UTF-8 OLD > NEW.`,
    isBinary: false,
  };
}

/** Returns the position of the first byte that is invalid in UTF-8. */
function firstWrong(bytes: Uint8Array): number {
  let [right, wrong] = [0, bytes.length];
  while (right < wrong) {
    const middle = Math.ceil((right + wrong) / 2);
    if (decodeAs("utf-8", bytes.subarray(0, middle), true) === null) wrong = middle - 1;
    else right = middle;
  }
  // An incomplete character is invalid from its first byte.
  let begin = right;
  while (begin > 0 && right - begin < 4 && ((bytes[begin - 1] ?? 0) & 0xc0) === 0x80) begin -= 1;
  return begin > 0 && (bytes[begin - 1] ?? 0) >= 0xc0 && decodeAs("utf-8", bytes.subarray(0, right)) === null
    ? begin - 1
    : Math.min(right, bytes.length - 1);
}

function lineAt(bytes: Uint8Array, at: number): number {
  let line = 1;
  for (let found = bytes.indexOf(10); found >= 0 && found < at; found = bytes.indexOf(10, found + 1)) line += 1;
  return line;
}

function decodeAs(encoding: string, bytes: Uint8Array, isBeginning = false): string | null {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes, { stream: isBeginning });
  } catch {
    return null;
  }
}
