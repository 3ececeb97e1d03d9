import type { AddonModel } from "./llama-addon.js";

type Vocabulary = Pick<AddonModel, "tokenize">;

/** Separate character before a text, so that no tokenizer adds a space there. */
const ANCHOR = "\n";
/** Characters that may follow a text, one of each kind that tokenizers distinguish. */
const FOLLOWERS = ["a", "0", " ", '"', "\\", "-", ",", ":", "{", "[", "}", "]", "é", "\n"];

/**
 * Returns the tokens of a text that must come next. If the reply continues after the text, only those tokens are
 * returned that stay the same whatever follows. The model writes the rest, perhaps in one token with the following
 * text.
 */
export function forcedTokens(vocabulary: Vocabulary, text: string, isEnd: boolean): number[] {
  if (text === "") return [];
  const anchor = vocabulary.tokenize(ANCHOR, false);
  const read = (follower: string): number[] => {
    const tokens = [...vocabulary.tokenize(ANCHOR + text + follower, false)];
    return anchor.every((token, at) => tokens[at] === token) ? tokens.slice(anchor.length) : [];
  };
  const [first = [], ...others] = isEnd ? [read("")] : FOLLOWERS.map(read);
  let length = first.length;
  for (const other of others) {
    let common = 0;
    while (common < length && first[common] === other[common]) common += 1;
    length = common;
  }
  return first.slice(0, length);
}
