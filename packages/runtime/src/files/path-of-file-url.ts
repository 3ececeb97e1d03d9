import { fileURLToPath } from "node:url";

/** Returns the path that a `file:` URL names, and any other text as it is, also a URL whose file is on another host. */
export function pathOfFileUrl(text: string): string {
  if (!/^file:\/\//i.test(text)) return text;
  try {
    return fileURLToPath(text);
  } catch {
    return text;
  }
}
