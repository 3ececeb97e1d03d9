import fc from "fast-check";
import type { PrivateFacts } from "../../src/doctor/redact.js";

/** Facts of a report about nobody. */
export const nobody: PrivateFacts = { homes: [], users: [], host: null, secrets: [], conversations: null };
const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/** A random text of a token. It begins with a mark, so that no other part of a text contains it. */
export const random = (minLength: number) =>
  fc
    .array(fc.constantFrom(...letters), { minLength, maxLength: minLength + 20 })
    .map((characters) => `Zq7${characters.join("")}`);
