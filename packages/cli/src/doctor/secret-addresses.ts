import { isSecretName, looksRandom } from "./secret-names.js";

/** An address with its scheme. */
const ADDRESSES = /\b([a-z][a-z0-9+.-]{0,20}:\/\/)([^\s"'<>`\\]+)/gi;
/** Addresses whose paths are secret, also without a scheme. */
const WEBHOOKS =
  /\b((?:hooks\.slack\.com|discord(?:app)?\.com\/api\/webhooks|hooks\.zapier\.com|hooks\.nabu\.casa|[\w-]{1,63}\.webhook\.office\.com|outlook\.office(?:365)?\.com\/webhook|chat\.googleapis\.com\/v1|maker\.ifttt\.com|hc-ping\.com|webhook\.site|ntfy\.sh|api\.telegram\.org)(?::\d{1,5})?\/)([^\s"'<>`\\]+)/gi;
/** `name:secret@host` without a scheme. */
const USERS = /(?<![\w./:@%+-])([\w.%+-]{1,64}:[^\s"'`<>@/:[\]]{3,128})(?=@[A-Za-z0-9])/g;
/** Hosts whose paths are names of models and packages. */
const PUBLIC_HOSTS = /(?:^|\.)(?:huggingface\.co|hf\.co|ollama\.ai|ollama\.com|github\.com|npmjs\.org)(?::\d+)?$/i;
/** Parts of a path that a secret follows. */
const BEFORE_SECRETS = /^(?:web)?hooks?$/i;
/** Shortest part of a path that is removed if it looks random. */
const MIN_RANDOM_CHARACTERS = 16;
/** From here on, every part that mixes capitals, small letters and digits is removed if it has no dashes. */
const MIN_MIXED_CHARACTERS = 20;

/** Replaces users, passwords, queries and secret parts of paths in the addresses of a text. */
export function removeAddressSecrets(text: string, remove: (secret: string) => string): string {
  return text
    .replace(WEBHOOKS, (_, place: string, secret: string) => place + remove(secret))
    .replace(ADDRESSES, (_, scheme: string, rest: string) => scheme + cleanAddress(rest, remove))
    .replace(USERS, (_, user: string) => remove(user));
}

/** Cleans the part of an address after its scheme. */
function cleanAddress(rest: string, remove: (secret: string) => string): string {
  const [, place = "", query = ""] = /^([^?#]*)([?#].*)?$/s.exec(rest) ?? [];
  const slash = place.indexOf("/");
  const authority = slash < 0 ? place : place.slice(0, slash);
  const path = slash < 0 ? "" : cleanPath(place.slice(slash), PUBLIC_HOSTS.test(authority), remove);
  const at = authority.lastIndexOf("@");
  // A password may itself have a slash, so that the @ is behind it.
  const laterAt = at < 0 ? place.lastIndexOf("@") : -1;
  const host =
    at >= 0
      ? `${remove(authority.slice(0, at))}@${authority.slice(at + 1)}${path}`
      : laterAt >= 0
        ? `${remove(place.slice(0, laterAt))}@${place.slice(laterAt + 1)}`
        : `${authority}${path}`;
  return query === "" ? host : `${host}${query.charAt(0)}${remove(query.slice(1))}`;
}

function cleanPath(path: string, isPublic: boolean, remove: (secret: string) => string): string {
  let before = "";
  let isBehindHook = false;
  return path.replace(/[^/]+/g, (part) => {
    const bare = part.replace(/[.,;:!?)\]}]+$/, "");
    isBehindHook ||= BEFORE_SECRETS.test(before);
    const isNamed = isBehindHook || (isSecretName(before) && !/^[a-z]{1,15}$/.test(bare));
    before = part;
    return isNamed || (!isPublic && isRandomPart(bare)) ? remove(bare) + part.slice(bare.length) : part;
  });
}

/** Whether a part of a path looks like the secret name of a webhook. */
function isRandomPart(part: string): boolean {
  if (/^[0-9a-f-]{32,}$/i.test(part)) return true;
  if (/^[0-9a-f]{16,}$/i.test(part) && /\d/.test(part) && /[a-f]/i.test(part)) return true;
  // A percent sign begins an encoded character of Base64.
  if (!/^(?:[\w:=~+-]|%[0-9a-f]{2})+$/i.test(part)) return false;
  const isMixed = /[a-z]/.test(part) && /[A-Z]/.test(part) && /\d/.test(part);
  if (isMixed && part.length >= MIN_MIXED_CHARACTERS && /^[A-Za-z0-9=:]+$/.test(part)) return true;
  return looksRandom(part, MIN_RANDOM_CHARACTERS);
}
