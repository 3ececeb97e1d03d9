/**
 * Returns the value of the header that names the user and the password of an address; null for an address without them.
 * A percent sign that begins no escape stands for itself.
 */
export function basicAuthorization({ username, password }: Pick<URL, "username" | "password">): string | null {
  if (username === "" && password === "") return null;
  return `Basic ${Buffer.from(`${decode(username)}:${decode(password)}`).toString("base64")}`;
}

/** Decodes the escapes in a part of an address. Those that are not UTF-8 stay as they are. */
function decode(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => {
    try {
      return decodeURIComponent(escapes);
    } catch {
      return escapes;
    }
  });
}
