/** Longest address of a link. Longer ones are shown as text. */
export const MAX_ADDRESS_CHARACTERS = 2000;

/** Returns the address as a browser opens it, or null unless it is a web or mail address. */
export function safeAddress(text: string): string | null {
  if (text.length > MAX_ADDRESS_CHARACTERS || !/^(?:https?:\/\/|mailto:)[^\s\p{Cc}<>"\\]+$/iu.test(text)) return null;
  try {
    const { href, protocol } = new URL(text);
    return ["http:", "https:", "mailto:"].includes(protocol) ? href : null;
  } catch {
    return null;
  }
}
