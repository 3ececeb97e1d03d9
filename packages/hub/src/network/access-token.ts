import { open } from "node:fs/promises";
import type { HubEnvironment } from "../environment/hub-environment.js";

/** Longest token file. Tokens have about 40 characters. */
const TOKEN_BYTES = 4096;

/** Returns the access token of the settings or of the token file, or null. A file that cannot be read has no token. */
export async function readAccessToken({ token, tokenPath }: HubEnvironment): Promise<string | null> {
  return usable(token ?? (await readTokenFile(tokenPath)));
}

async function readTokenFile(path: string): Promise<string> {
  try {
    const file = await open(path, "r");
    try {
      if (!(await file.stat()).isFile()) return "";
      const buffer = Buffer.alloc(TOKEN_BYTES + 1);
      const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
      return bytesRead > TOKEN_BYTES ? "" : buffer.toString("utf8", 0, bytesRead).trim();
    } finally {
      await file.close();
    }
  } catch {
    return "";
  }
}

/** Refuses text that cannot be the value of a header. */
function usable(token: string): string | null {
  return /^[\x21-\x7e]+$/.test(token) ? token : null;
}
