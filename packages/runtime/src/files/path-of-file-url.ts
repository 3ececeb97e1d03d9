import { fileURLToPath } from "node:url";

/** Returns the path in a `file:` URL. Returns any other text, and a URL with another host, unchanged. */
export function pathOfFileUrl(text: string): string {
  if (!/^file:\/\//i.test(text)) return text;
  try {
    return fileURLToPath(text);
  } catch {
    return text;
  }
}
