/** Words that mark a key, variable or flag whose value is secret. */
const SECRET_WORDS = new Set([
  ...[
    "key",
    "keys",
    "token",
    "tokens",
    "secret",
    "secrets",
    "private",
    "certificate",
    "signature",
    "psk",
    "jwt",
    "hmac",
  ],
  ...["password", "passwords", "passwd", "passphrase", "passcode", "pswd", "pwd", "pword", "pass", "pw", "pin", "pat"],
  ...[
    "auth",
    "authorization",
    "bearer",
    "credential",
    "credentials",
    "cred",
    "creds",
    "otp",
    "totp",
    "mnemonic",
    "dsn",
  ],
  ...["cookie", "cookies", "sessid", "sessionid", "jsessionid", "phpsessid", "csrf", "xsrf"],
  ...["passwort", "kennwort", "geheim", "geheimnis"],
]);
/** Words that end with one of these are secret: `mqttpassword`, `dbpw`, `clientsecret`. */
const SECRET_WORD_ENDS = /(?:password|passwd|passwort|passphrase|secret|token|credentials?|pass|pwd|pw)$/;
/** Two words written as one: `apikey`, `privatekey`. */
const KEY_WORDS =
  /(?:access|account|admin|api|app|auth|bot|client|deploy|encryption|host|license|master|private|secret|service|session|shared|signing|ssh|storage|user)keys?$/;
/** Words that only end like those. */
const ORDINARY_WORDS = new Set(["bypass", "compass", "encompass", "overpass", "surpass", "trespass", "underpass"]);
/** Last words of a name that holds a name, a place or a number instead of a secret: `api_key_env`, `max_tokens`. */
const HARMLESS_ENDS = new Set(["env", "path", "file", "header", "tokens", "seconds", "count", "format", "dir"]);
/** Names with a harmless end that hold secrets all the same. */
const SECRET_ENDS = /(?:auth|access|api|bearer|refresh|secret|session|hf|github)_?tokens$/i;

/** Whether a value with this name is secret: `API_KEY`, `apiKey`, `--db-password`, but not `api_key_env` or `max_tokens`. */
export function isSecretName(name: string): boolean {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .map((word) => word.replace(/\d+$/, ""))
    .filter((word) => word !== "");
  const last = words.at(-1) ?? "";
  if (SECRET_ENDS.test(name)) return true;
  if (HARMLESS_ENDS.has(last)) return false;
  return words.some(isSecretWord);
}

function isSecretWord(word: string): boolean {
  if (SECRET_WORDS.has(word) || KEY_WORDS.test(word)) return true;
  return SECRET_WORD_ENDS.test(word) && !ORDINARY_WORDS.has(word);
}

/** Whether this value of this name is secret: also a text for a name such as `tokens`, which often has a number. */
export function isSecretValue(name: string, value: string): boolean {
  return isSecretName(name) || (/(?:^|[^a-z])tokens$/i.test(name) && isDistinctive(value));
}

/** Whether a text is not an ordinary word or number: it mixes letters with digits, or has capitals after small letters. */
export function isDistinctive(text: string): boolean {
  return text.length >= 6 && ((/[a-z]/i.test(text) && /\d/.test(text)) || /[a-z][A-Z]/.test(text));
}

/**
 * Whether a text looks random: capitals, small letters and digits change more often than in names of files and models.
 * `dashes` and slashes do not count as changes.
 */
export function looksRandom(text: string, minCharacters: number): boolean {
  if (text.length < minCharacters) return false;
  if (!/[a-z]/.test(text) || !/[A-Z]/.test(text) || !/\d/.test(text)) return false;
  const changes = text.match(/[a-z](?=[A-Z\d])|[A-Z](?=\d)|\d(?=[A-Za-z])/g)?.length ?? 0;
  return changes / text.length >= LEAST_CHANGES;
}

/** Random Base64 has 0.4 changes a character, `Llama-3-8B-Instruct-Q4_0` less than 0.1. */
const LEAST_CHANGES = 0.15;
