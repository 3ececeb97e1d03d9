/** A byte-level BPE tokenizer in the form of a GGUF file. */
export interface TrainedTokenizer {
  /** By id: control tokens, the 256 bytes, merged tokens. */
  tokens: readonly string[];
  /** 1 normal, 3 control. */
  tokenTypes: readonly number[];
  /** Pairs of tokens to merge, most frequent first. */
  merges: readonly string[];
}

const NORMAL_TOKEN = 1;
const CONTROL_TOKEN = 3;

/** Matches words that merges never cross: letters, digits, other characters, each with a space before, and spaces. */
const WORDS = /\p{N}| ?\p{L}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

/** Matches visible ASCII and the space, which byte-level BPE writes as \u0120. */
const PRINTABLE = /^[!-~\u0120]+$/;

/**
 * Trains a tokenizer of `size` tokens on `text`: control tokens first, then one token per byte, then the most frequent
 * pairs, merged one after the other. If the text has too few pairs, generated pairs follow, so that a large vocabulary
 * needs as much memory as a real one. Throws a RangeError if `size` is too small for the control tokens and the bytes.
 */
export function trainTokenizer(text: string, size: number, controlTokens: readonly string[]): TrainedTokenizer {
  const bytes = Array.from({ length: 256 }, (_, byte) => characterOf(byte));
  const least = controlTokens.length + bytes.length;
  if (size < least) throw new RangeError(`A vocabulary must have at least ${least} tokens, not ${size}`);
  const trained = trainMerges(text, size - least);
  const merges = [...trained, ...furtherMerges([...bytes, ...trained.map(joined)], size - least - trained.length)];
  const normalTokens = [...bytes, ...merges.map(joined)];
  return {
    tokens: [...controlTokens, ...normalTokens],
    tokenTypes: [...controlTokens.map(() => CONTROL_TOKEN), ...normalTokens.map(() => NORMAL_TOKEN)],
    merges,
  };
}

/** Generates pairs of printable tokens whose text is not a token yet, pairs of the shortest tokens first. */
function furtherMerges(tokens: readonly string[], wanted: number): string[] {
  const known = new Set(tokens);
  const rights = tokens.filter((token) => PRINTABLE.test(token));
  // New tokens are appended and used for further pairs.
  const lefts = [...rights];
  const merges: string[] = [];
  for (const left of lefts) {
    for (const right of rights) {
      if (merges.length === wanted) return merges;
      if (known.has(left + right)) continue;
      known.add(left + right);
      lefts.push(left + right);
      merges.push(`${left} ${right}`);
    }
  }
  return merges;
}

function joined(pair: string): string {
  return pair.replace(" ", "");
}

function trainMerges(text: string, most: number): string[] {
  const words = countWords(text);
  const merges: string[] = [];
  while (merges.length < most) {
    const best = mostFrequentPair(words);
    if (best === null) break;
    merges.push(best);
    const [left = "", right = ""] = best.split(" ");
    for (const word of words) word.symbols = mergePair(word.symbols, left, right);
  }
  return merges;
}

interface CountedWord {
  symbols: string[];
  count: number;
}

function countWords(text: string): CountedWord[] {
  const counts = new Map<string, number>();
  for (const [word] of text.matchAll(WORDS)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].map(([word, count]) => ({
    symbols: [...Buffer.from(word)].map((byte) => characterOf(byte)),
    count,
  }));
}

/** Returns the most frequent pair, or the alphabetically first of several; null if none occurs twice. */
function mostFrequentPair(words: readonly CountedWord[]): string | null {
  const counts = new Map<string, number>();
  for (const { symbols, count } of words) {
    for (let index = 1; index < symbols.length; index++) {
      const pair = `${symbols[index - 1]} ${symbols[index]}`;
      counts.set(pair, (counts.get(pair) ?? 0) + count);
    }
  }
  let best: string | null = null;
  let most = 1;
  for (const [pair, count] of counts) {
    if (count > most || (count === most && best !== null && pair < best)) {
      best = pair;
      most = count;
    }
  }
  return best;
}

function mergePair(symbols: readonly string[], left: string, right: string): string[] {
  const result: string[] = [];
  for (let index = 0; index < symbols.length; index++) {
    const symbol = symbols[index] ?? "";
    if (symbol === left && symbols[index + 1] === right) {
      result.push(left + right);
      index++;
    } else {
      result.push(symbol);
    }
  }
  return result;
}

/**
 * Returns the character for a byte in byte-level BPE, as in GPT-2: printable bytes map to themselves, the others to the
 * characters from U+0100 on, in order.
 */
function characterOf(byte: number): string {
  return BYTE_CHARACTERS[byte] ?? "";
}

const BYTE_CHARACTERS: readonly string[] = (() => {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const isPrintable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    return String.fromCodePoint(isPrintable ? byte : next++);
  });
})();
