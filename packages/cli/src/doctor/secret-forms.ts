/** Words that mark a key, variable or flag whose value is secret. */
const SECRET_WORDS = new Set([
  "key",
  "keys",
  "apikey",
  "apikeys",
  "token",
  "tokens",
  "secret",
  "secrets",
  "password",
  "passwords",
  "passwd",
  "passphrase",
  "pwd",
  "pass",
  "pin",
  "psk",
  "auth",
  "authorization",
  "credential",
  "credentials",
  "cookie",
  "cookies",
  "bearer",
  "signature",
  "private",
  "certificate",
  "dsn",
  "passwort",
  "kennwort",
  "geheim",
]);
/** Last words of a name that holds a name, a place or a number instead of a secret: `api_key_env`, `max_tokens`. */
const HARMLESS_ENDS = new Set(["env", "path", "file", "header", "tokens", "seconds", "count", "format", "dir"]);
/** Names with a harmless end that hold secrets all the same. */
const SECRET_ENDS = /(?:auth|access|api|bearer|refresh|secret|session|hf|github)_?tokens$/i;

/** Whether a value with this name is secret: `API_KEY`, `apiKey`, `db-password`, but not `api_key_env` or `max_tokens`. */
export function isSecretName(name: string): boolean {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");
  const last = words.at(-1) ?? "";
  if (SECRET_ENDS.test(name)) return true;
  if (HARMLESS_ENDS.has(last)) return false;
  return words.some((word) => SECRET_WORDS.has(word) || /(?:password|passwd|secret|apikey|token)$/.test(word));
}

/** Keys of serial numbers, credentials and the like as whole blocks. */
const BLOCKS = /-----BEGIN [^-\n]{1,64}-----[\s\S]*?(?:-----END [^-\n]{1,64}-----|$)/g;
/** An address with its scheme. */
const ADDRESSES = /\b([a-z][a-z0-9+.-]{0,20}:\/\/)([^\s"'<>`\\]+)/gi;
/** Tokens that their makers marked with a prefix. */
const MARKED_TOKENS =
  /(?<![A-Za-z0-9])(?:na-|sk[-_]|pk[-_]|rk[-_]|hf_|gh[opsur]_|github_pat_|glpat-|xox[a-z]-|AKIA|ASIA|AIza|ya29\.|npm_|pypi-|dop_v1_|SG\.|whsec_|tskey-|age-secret-key-)[A-Za-z0-9_.~+/=-]{6,}/gi;
/** JSON Web Tokens: the first part is `{"` in Base64. */
const WEB_TOKENS = /(?<![A-Za-z0-9])eyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*){0,4}/g;
/** Values of the header Authorization. */
const SCHEMES = /\b(Bearer|Basic|Digest|Negotiate)(\s+|%20)(?!\[removed\])[^\s"',;]{4,}/gi;
/** A name and what joins it to its value: `name: `, `name=`, `"name": `, `name is `, `--name `. */
const NAMES =
  /(?<![A-Za-z0-9_-])(?:(["']?)([A-Za-z][\w.-]{0,63})\\{0,8}\1(?:\s{0,3}[=:]\s{0,3}|\s{1,3}is\s{1,3})|--?([A-Za-z][\w-]{0,63})\s{1,3}(?!-))/g;
/** A value: in quotes, in the quotes of a text inside JSON, or up to the next space or mark. */
const VALUE = /\\{1,8}["'](?:(?!\\{1,8}["'])[^\n])*|"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?|[^\s"',;&)}\]]+/y;
/** A value that may have spaces, as those of passwords and cookies: the rest of the line, or of the quotes. */
const LONG_VALUE = /[^\n"'\\]+/y;
const LONG = /(?:password|passwd|passphrase|cookies?|authorization)$/i;
/** Flags of common programs whose values are secret: `-P secret`, `-p secret` but not a port, `-u name:secret`. */
const SHORT_FLAGS = /((?:^|\s)(?:-P\s+|-p\s+(?!\d+(?:\s|$))|(?:-u|--user)(?:\s+|=)(?=[^\s:]+:)))([^\s"']+)/g;
/** Tokens of Telegram's bots. */
const BOT_TOKENS = /\d{6,12}:[A-Za-z0-9_-]{20,}/g;
/** Words of {@link SECRET_WORDS} that sentences have, too. */
const PROSE: ReadonlySet<string> = new Set(["key", "keys", "token", "tokens", "signature", "private", "certificate"]);
const MAILBOXES = /[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9-])/g;
/** Long random texts: hexadecimal, or Base64 that mixes capitals, small letters and digits. */
const HEXADECIMAL = /(?<![A-Za-z0-9])[0-9a-f]{32,}(?![A-Za-z0-9])/gi;
const RANDOM =
  /(?<![A-Za-z0-9+/_=-])(?=[A-Za-z0-9+/_-]*[a-z])(?=[A-Za-z0-9+/_-]*[A-Z])(?=[A-Za-z0-9+/_-]*\d)[A-Za-z0-9+]{32,}={0,2}(?![A-Za-z0-9])/g;

/** Replaces everything in a text that has the form of a secret. */
export function removeSecretForms(text: string, replacement: string): string {
  const marked = text
    .replace(BLOCKS, replacement)
    .replace(ADDRESSES, (_, scheme: string, rest: string) => scheme + cleanAddress(rest, replacement))
    .replace(BOT_TOKENS, replacement)
    .replace(SCHEMES, `$1$2${replacement}`)
    .replace(SHORT_FLAGS, `$1${replacement}`);
  return removeNamedValues(marked, replacement)
    .replace(MARKED_TOKENS, replacement)
    .replace(WEB_TOKENS, replacement)
    .replace(MAILBOXES, replacement)
    .replace(HEXADECIMAL, replacement)
    .replace(RANDOM, replacement);
}

/** Replaces the values that follow the name of a secret. */
function removeNamedValues(text: string, replacement: string): string {
  let cleaned = "";
  let done = 0;
  NAMES.lastIndex = 0;
  for (let found = NAMES.exec(text); found !== null; found = NAMES.exec(text)) {
    const name = found[2] ?? found[3] ?? "";
    if (!isSecretName(name)) continue;
    const isAssigned = /[=:]\s*$/.test(found[0]);
    const value = valueAt(text, NAMES.lastIndex, isAssigned && LONG.test(name) ? [LONG_VALUE, VALUE] : [VALUE]);
    if (value === "" || isHarmlessValue(value, replacement)) continue;
    // "unknown key: expected one of" is a sentence.
    if (PROSE.has(name) && found[3] === undefined && /^[a-z]+$/.test(value)) continue;
    cleaned += text.slice(done, NAMES.lastIndex) + replacement;
    done = NAMES.lastIndex + value.length;
    NAMES.lastIndex = done;
  }
  return cleaned + text.slice(done);
}

/** Returns the value that begins at this place, by the first pattern that fits. */
function valueAt(text: string, at: number, patterns: readonly RegExp[]): string {
  for (const pattern of patterns) {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found !== null) return found[0];
  }
  return "";
}

/** Removes user, password, query and fragment from the part of an address after its scheme. */
function cleanAddress(rest: string, replacement: string): string {
  const [, place = "", query = ""] = /^([^?#]*)([?#].*)?$/s.exec(rest) ?? [];
  const slash = place.indexOf("/");
  const authority = slash < 0 ? place : place.slice(0, slash);
  const isPublic = PUBLIC_HOSTS.test(authority);
  const path =
    slash < 0
      ? ""
      : place.slice(slash).replace(/[^/]+/g, (part) => {
          return !isPublic && isRandom(part.replace(/[.,;:!?)\]}]+$/, "")) ? replacement : part;
        });
  const at = authority.lastIndexOf("@");
  // A password may itself have a slash, so that the @ is behind it.
  const laterAt = at < 0 ? path.lastIndexOf("@") : -1;
  const host =
    at >= 0
      ? `${replacement}@${authority.slice(at + 1)}${path}`
      : laterAt >= 0
        ? `${replacement}@${path.slice(laterAt + 1)}`
        : `${authority}${path}`;
  return query === "" ? host : `${host}${query.charAt(0)}${replacement}`;
}

/** Hosts whose paths are names of models. */
const PUBLIC_HOSTS = /(?:^|\.)(?:huggingface\.co|hf\.co|ollama\.ai|ollama\.com|github\.com|npmjs\.org)(?::\d+)?$/i;

/** Whether a part of a path looks like the secret name of a webhook. */
function isRandom(part: string): boolean {
  const isMixed = /[a-z]/.test(part) && /[A-Z]/.test(part) && /\d/.test(part) && /^[\w:=-]{20,}$/.test(part);
  return isMixed || /^[0-9a-f-]{32,}$/i.test(part);
}

/** Whether a value only names the place of a secret, or says that there is none. */
function isHarmlessValue(value: string, replacement: string): boolean {
  return value === replacement || /^["']?(?:null|true|false|none|unset|set|not|\$\{[^}]*\})["']?$/i.test(value);
}
