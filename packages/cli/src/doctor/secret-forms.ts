import { removeFlagValues } from "./command-secrets.js";
import { removeAddressSecrets } from "./secret-addresses.js";
import { isDistinctive, isSecretName, isSecretValue, looksRandom } from "./secret-names.js";

/** Keys, certificates and the like as whole blocks. */
const BLOCKS = /-----BEGIN [^-\n]{1,64}-----[\s\S]*?(?:-----END [^-\n]{1,64}-----|$)/g;
/** Tokens that their makers marked with a prefix. */
const MARKED_TOKENS =
  /(?<![A-Za-z0-9])(?:na-|sk[-_]|pk[-_]|rk[-_]|hf_|gh[opsur]_|github_pat_|glpat-|xox[a-z]-|xapp-|AKIA|ASIA|AIza|ya29\.|npm_|pypi-|dop_v1_|SG\.|whsec_|tskey-|age-secret-key-)[A-Za-z0-9_.~+/=-]{6,}/gi;
/** JSON Web Tokens: the first part is `{"` in Base64. */
const WEB_TOKENS = /(?<![A-Za-z0-9])eyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*){0,4}/g;
/** Values of the header Authorization. */
const SCHEMES = /\b((?:Bearer|Basic|Digest|Negotiate)(?:\s+|%20))(?!\[removed\])([^\s"',;]{4,})/gi;
/**
 * A name and what joins it to its value: `name: `, `--name=`, `"name": `, `name is `, `--name `, `"--name", "`, and in
 * encoded forms `name%3D`. Spaces alone join as well: whether they do depends on name and value.
 */
const NAMES =
  /(?<![\w-])([\w-][\w.-]{0,127})(?:\\{0,8}["'`]|%22|%27)?[\])]?(?:(\s{0,3}(?:=>|:=|==?|:|->|%3[AD]|\\u003[ad])\s{0,3}|\s{1,3}(?:is|was|ist|war|lautet)\s{1,3})|(\s{0,3},\s{0,3}|\s{0,3}\n\s{0,40}-\s{1,3}|\s{1,3}))/gi;
/** A value in quotes, or in the quotes of a text inside JSON. */
const QUOTED = /\\{1,8}["'](?:(?!\\{1,8}["'])[^\n])*|"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?/y;
/** A value without quotes: up to the next space or quote. */
const BARE = /[^\s"'<>`]+/y;
/** A value that may have spaces, as those of passwords and cookies: the rest of the line, or of the quotes. */
const LONG_VALUE = /[^\n"'\\]+/y;
const LONG = /(?:password|passwd|passphrase|cookies?|authorization)$/i;
/** A word that looks like the next flag instead of a value. */
const NEXT_FLAG = /^--?[A-Za-z][A-Za-z-]*(?:=|$)/;
/** Tokens of Telegram's bots. */
const BOT_TOKENS = /\d{6,12}:[A-Za-z0-9_-]{20,}/g;
/** Names of secrets that sentences have, too. */
const PROSE: ReadonlySet<string> = new Set(["key", "keys", "token", "tokens", "signature", "private", "certificate"]);
/** Longest word that may follow such a name in a sentence. */
const MAX_WORD_CHARACTERS = 15;
const MAILBOXES = /[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9-])/g;
/** Long random texts: hexadecimal, or Base64 that mixes capitals, small letters and digits. */
const HEXADECIMAL = /(?<![A-Za-z0-9])[0-9a-f]{32,}(?![A-Za-z0-9])/gi;
const RANDOM =
  /(?<![A-Za-z0-9+/_=-])(?=[A-Za-z0-9+/_-]*[a-z])(?=[A-Za-z0-9+/_-]*[A-Z])(?=[A-Za-z0-9+/_-]*\d)[A-Za-z0-9+]{32,}={0,2}(?![A-Za-z0-9])/g;
/** Texts that may be Base64 with slashes, or with dashes. A dot or a slash before one makes it a path. */
const BASE64 = /(?<![A-Za-z0-9+/_=.~-])[A-Za-z0-9+/]{32,}={0,2}(?![A-Za-z0-9+/_=-])/g;
const BASE64_URL = /(?<![A-Za-z0-9_=-])[A-Za-z0-9_-]{24,}(?![A-Za-z0-9_])/g;

/**
 * Replaces everything in a text that has the form of a secret. `onRemoved` receives each text that was replaced.
 */
export function removeSecretForms(
  text: string,
  replacement: string,
  onRemoved: (removed: string) => void = () => {},
): string {
  const remove = (secret: string): string => {
    if (secret !== replacement) onRemoved(secret);
    return replacement;
  };
  const marked = removeAddressSecrets(text.replace(BLOCKS, remove), remove)
    .replace(BOT_TOKENS, remove)
    .replace(SCHEMES, (_, scheme: string, secret: string) => scheme + remove(secret));
  return removeFlagValues(removeNamedValues(marked, replacement, remove), remove)
    .replace(MARKED_TOKENS, remove)
    .replace(WEB_TOKENS, remove)
    .replace(MAILBOXES, remove)
    .replace(HEXADECIMAL, remove)
    .replace(RANDOM, remove)
    .replace(BASE64, (found) => (looksRandom(found, 32) ? remove(found) : found))
    .replace(BASE64_URL, (found) => (looksRandom(found, 24) ? remove(found) : found));
}

/** Replaces the values that follow the name of a secret. */
function removeNamedValues(text: string, replacement: string, remove: (secret: string) => string): string {
  let cleaned = "";
  let done = 0;
  NAMES.lastIndex = 0;
  for (let found = NAMES.exec(text); found !== null; found = NAMES.exec(text)) {
    const at = NAMES.lastIndex;
    const name = nameAt(text, found);
    if (!isSecretName(name) && !/tokens$/i.test(name)) continue;
    const join = found[2];
    const value = valueAt(text, at, join !== undefined && /[=:]\s*$/.test(join) && LONG.test(name), replacement);
    if (value === "" || !isSecretValue(name, value)) continue;
    const isSecret = join === undefined ? isJoinedBySpace(name, found[3] ?? "", value) : isJoined(name, join, value);
    if (!isSecret || isHarmlessValue(value, replacement)) continue;
    cleaned += text.slice(done, at) + remove(value);
    done = at + value.length;
    NAMES.lastIndex = done;
  }
  return cleaned + text.slice(done);
}

/** Returns the name of a match. After the line feed of a text inside JSON, `\nkey`, it begins behind the `n`. */
function nameAt(text: string, { 1: name = "", index }: RegExpExecArray): string {
  const isEscaped = text[index - 1] === "\\" && /^[nrt]/.test(name);
  return isEscaped && isSecretName(name.slice(1)) ? name.slice(1) : name;
}

/** Whether a value behind `=`, `:` or "is" is secret. "unknown key: expected one of" is a sentence. */
function isJoined(name: string, join: string, value: string): boolean {
  if (/^\s+\w/.test(join) && ORDINARY_STATES.test(value)) return false;
  const isSentence = /\s$/.test(join) && !/=/.test(join) && PROSE.has(name);
  return !(isSentence && value.length <= MAX_WORD_CHARACTERS && /^[a-z]+$/.test(value));
}

/** Whether a value that follows a name and spaces, or a flag in a list, is secret. */
function isJoinedBySpace(name: string, join: string, value: string): boolean {
  if (/^--?\w/.test(name)) return !/^-+no-/.test(name) && !NEXT_FLAG.test(value);
  if (join.trim() !== "" || name.endsWith(".") || /[/.=:]/.test(value)) return false;
  return PROSE.has(name.toLowerCase()) ? isDistinctive(value) : value.length >= 4 && /\d/.test(value);
}

/** Words of sentences such as "the password is wrong". */
const ORDINARY_STATES =
  /^(?:missing|wrong|required|empty|invalid|valid|unknown|needed|expired|refused|rejected|accepted|removed|too|longer|shorter|given|used|found)$/i;

/** Returns the value that begins at this place, or an empty text. */
function valueAt(text: string, at: number, mayHaveSpaces: boolean, replacement: string): string {
  const read = (pattern: RegExp): string | null => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0] ?? null;
  };
  const long = mayHaveSpaces ? read(LONG_VALUE) : null;
  if (long !== null) return long;
  const quoted = read(QUOTED);
  if (quoted !== null) return quoted;
  const bare = read(BARE) ?? "";
  const start = bare.startsWith(replacement) ? replacement.length : 0;
  let end = bare.length;
  // Marks at the end belong to the sentence or to the data around.
  while (end > start && ",;.&)}]\\".includes(bare.charAt(end - 1))) end -= 1;
  return bare.slice(0, end);
}

/** Whether a value only names the place of a secret, or says that it is not set. */
function isHarmlessValue(value: string, replacement: string): boolean {
  return value === replacement || /^["']?(?:null|true|false|none|unset|set|not|\$\{[^}]*\})["']?$/i.test(value);
}
