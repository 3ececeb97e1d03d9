import { cutText } from "@nanoagent/models";
import { isAfterSecretFlag, secretOfItem } from "./command-secrets.js";
import { replaceConversations, type SavedConversations } from "./saved-conversations.js";
import { removeSecretForms } from "./secret-forms.js";
import { isDistinctive, isSecretName, isSecretValue } from "./secret-names.js";

/** Facts about the user and the machine that a report must not have. */
export interface PrivateFacts {
  /** Home folders, which are shown as `~`. */
  homes: readonly string[];
  /** Names of users, which are shown as `[user]`. */
  users: readonly string[];
  host: string | null;
  /** Texts that are known to be secret, such as the values of variables. */
  secrets: readonly string[];
  /** Folders of conversations, whose names may be ones that clients chose; null without a session. */
  conversations: SavedConversations | null;
}

/** Stands where a secret was. */
const REMOVED = "[removed]";

/** Shortest secret that is removed wherever it occurs. A shorter one would remove parts of ordinary words. */
const MIN_KNOWN_SECRET_CHARACTERS = 4;
/** Shortest name of a user or a machine that is removed wherever it occurs: "pi" is a part of other words. */
const MIN_NAME_CHARACTERS = 3;
/** Names that say nothing about a person or a network. */
const COMMON_NAMES: ReadonlySet<string> = new Set([
  "root",
  "user",
  "admin",
  "node",
  "nanoagent",
  "localhost",
  "raspberrypi",
  "linux",
  "darwin",
  "debian",
  "ubuntu",
]);

const MAX_TEXT_CHARACTERS = 2000;
const MAX_ITEMS = 200;
const MAX_DEPTH = 12;
const LEFT_OUT = "[left out: nested too deeply]";

/** Maps whose values are secret regardless of their names: variables and headers for other programs. */
const SECRET_MAPS: ReadonlySet<string> = new Set(["environment", "env", "headers"]);

/** Removes secrets and the names of user and machine from texts and from data. */
export interface Redaction {
  /** Returns a text without secrets, cut to 2,000 characters. */
  text(text: string): string;
  /** Returns JSON data without secrets: values of secret keys, and secrets in every other text and key. */
  value(value: unknown): unknown;
}

/** Returns the redaction for these facts. Pure: the same facts and texts always give the same result. */
export function redactionFor({ homes, users, host, secrets, conversations }: PrivateFacts): Redaction {
  const known = [...new Set(secrets.flatMap(formsOf))]
    .filter((secret) => secret.length >= MIN_KNOWN_SECRET_CHARACTERS)
    .sort((one, other) => other.length - one.length);
  const folders = homes
    .map((home) => home.replace(/[/\\]+$/, ""))
    .filter(({ length }) => length >= 2)
    .sort((one, other) => other.length - one.length);
  const names = [
    ...users.map((user) => ({ pattern: nameOf(user), label: "[user]" })),
    { pattern: nameOf(host), label: "[host]" },
  ];

  const clean = (text: string): string => {
    let cleaned = replaceConversations(text, conversations);
    for (const secret of known) cleaned = cleaned.replaceAll(secret, REMOVED);
    cleaned = removeSecretForms(cleaned, REMOVED);
    for (const folder of folders) cleaned = cleaned.replaceAll(folder, "~");
    cleaned = cleaned.replace(/((?:\/home|\/Users|[A-Za-z]:\\+Users)[/\\]+)[^/\\\s"':,;]+/g, "$1[user]");
    for (const { pattern, label } of names) if (pattern !== null) cleaned = cleaned.replace(pattern, label);
    return cleaned;
  };
  const text = (given: string) => cutText(clean(given), MAX_TEXT_CHARACTERS);

  const value = (given: unknown, depth = 0, isSecret = false): unknown => {
    if (given === null || given === undefined || typeof given === "boolean") return given ?? null;
    if (typeof given !== "object") {
      if (isSecret) return REMOVED;
      return typeof given === "number" ? given : text(String(given));
    }
    if (depth >= MAX_DEPTH) return LEFT_OUT;
    if (Array.isArray(given)) {
      const items = given.slice(0, MAX_ITEMS);
      const kept = items.map((item, index) => {
        const secret = isSecret ? "" : secretOfItem(items, index);
        if (typeof item === "string" && secret !== "" && secret.length < item.length) {
          return text(item.slice(0, -secret.length)) + REMOVED;
        }
        return value(item, depth + 1, isSecret || secret !== "" || isAfterSecretFlag(items, index));
      });
      return given.length > MAX_ITEMS ? [...kept, `[left out: ${given.length - MAX_ITEMS} more]`] : kept;
    }
    const entries = Object.entries(given);
    const kept = entries
      .slice(0, MAX_ITEMS)
      .map(([key, item]) => [text(key), value(item, depth + 1, isSecret || isSecretEntry(key, item))]);
    return Object.fromEntries(kept);
  };
  return { text, value: (given) => value(given) };
}

/** Whether everything in this entry of an object is secret. */
function isSecretEntry(key: string, item: unknown): boolean {
  return isSecretName(key) || SECRET_MAPS.has(key) || (typeof item === "string" && isSecretValue(key, item));
}

/** Collects the texts that are secret in data: values of secret keys, arguments of flags such as `--token`, and parts of texts. */
export function secretsIn(value: unknown, isSecret = false, depth = 0): string[] {
  if (typeof value === "string") return isSecret ? [value, ...withoutUser(value)] : secretsInForms(value);
  if (typeof value === "number") return isSecret ? [String(value)] : [];
  if (typeof value !== "object" || value === null || depth >= MAX_DEPTH) return [];
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => {
      const secret = isSecret ? "" : secretOfItem(value, index);
      if (secret !== "") return [secret, ...withoutUser(secret)];
      return secretsIn(item, isSecret || isAfterSecretFlag(value, index), depth + 1);
    });
  }
  return Object.entries(value).flatMap(([key, item]) =>
    secretsIn(item, isSecret || isSecretEntry(key, item), depth + 1),
  );
}

/** Collects the texts that are secret in the text of a config that cannot be parsed: what follows the name of a secret. */
export function secretsInText(text: string): string[] {
  const named = text.split(/\r?\n/).flatMap((line) => {
    const [, name = "", value = ""] = /^[\s{,-]*["']?([A-Za-z][\w.-]{0,63})["']?\s*[:=]\s*(.+)$/.exec(line) ?? [];
    return isSecretName(name) ? [value, value.replace(/^["'\s]+|["'\s,}]+$/g, "")] : [];
  });
  return [...named, ...secretsInForms(text)];
}

/** Of `name:secret` and `Bearer secret`, the second part is a secret of its own. */
function withoutUser(secret: string): string[] {
  const [user = ""] = /^(?:\w{1,64}:|(?:Bearer|Basic|Digest|Token)\s+)/i.exec(secret) ?? [];
  return user === "" ? [] : [secret.slice(user.length)];
}

/** Collects the secrets in a text that other texts may repeat. Ordinary words are not collected. */
function secretsInForms(text: string): string[] {
  const found: string[] = [];
  removeSecretForms(text, REMOVED, (removed) => {
    const bare = removed.replace(/^[\\"']+|[\\"']+$/g, "");
    found.push(bare, ...(/\s/.test(bare) ? [] : bare.split(/[&=:;,/@]+/)));
  });
  return found.filter(isDistinctive);
}

/** Returns a secret as it may occur in texts: as it is, in JSON, in an address, and each of its lines. */
function formsOf(secret: string): string[] {
  const escaped = JSON.stringify(secret).slice(1, -1);
  const lines = secret.includes("\n") ? secret.split("\n").map((line) => line.trim()) : [];
  return [secret, secret.trim(), escaped, encoded(secret), ...lines];
}

function encoded(secret: string): string {
  try {
    return encodeURIComponent(secret);
  } catch {
    // Half of a surrogate pair has no form in an address.
    return secret;
  }
}

/** Returns a pattern for a name as a whole word, or null if it says nothing. */
function nameOf(name: string | null): RegExp | null {
  if (name === null || name.length < MIN_NAME_CHARACTERS || COMMON_NAMES.has(name.toLowerCase())) return null;
  const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`(?<![\\p{L}\\p{N}])${escaped}(?![\\p{L}\\p{N}])`, "giu");
}
