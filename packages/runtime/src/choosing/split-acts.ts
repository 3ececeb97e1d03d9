/** Separators between two acts of one message. */
const joints =
  /\s*(?:[,;.]\s*(?:and then|and|then|und dann|und|dann|et puis|et|puis|y luego|y|luego|e poi|ed|e|poi)\s+|[;.!]\s+|,\s+|\s(?:and then|and also|and|und dann|und auch|und|et puis|et|y luego|y|e poi|ed|e|then|dann|puis|luego|poi)\s)/iu;
/** Most acts of one message. */
const MAX_ACTS = 4;
const MIN_ACT_CHARACTERS = 6;

/** Splits a message that may ask for several acts. Returns the whole message as one part otherwise. */
export function splitActs(message: string): string[] {
  const parts = message
    .split(joints)
    .map((part) => part.trim())
    .filter((part) => part !== "");
  const isWhole = parts.length < 2 || parts.length > MAX_ACTS || parts.some((part) => part.length < MIN_ACT_CHARACTERS);
  return isWhole ? [message] : parts;
}
