/** Longest address, in characters. */
const MAX_ADDRESS_CHARACTERS = 2048;

/** Returns one sentence about a text that cannot be the address of a bundle, or null. */
export function findAddressIssue(text: string): string | null {
  if (text.length > MAX_ADDRESS_CHARACTERS) return `It has more than ${MAX_ADDRESS_CHARACTERS} characters.`;
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return "It is not a URL.";
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") return "It does not begin with http:// or https://.";
  if (url.hostname === "") return "It has no host.";
  if (url.username !== "" || url.password !== "") return "It contains a user name or a password.";
  return null;
}
