import type { PermissionRequest } from "@nanoagent/runtime";
import { plainLine } from "../output/plain-text.js";
import type { MessageInput } from "./message-input.js";

/** Arguments longer than this say nothing more to whoever is asked. */
const MAX_SHOWN_CHARACTERS = 500;

/** Asks whether a tool may run. Where nobody can be asked, it may not. */
export async function askPermission(request: PermissionRequest, input: MessageInput | null): Promise<boolean> {
  if (input?.ask === undefined) return false;
  const shown = plainLine(JSON.stringify(request.arguments));
  const cut = shown.length > MAX_SHOWN_CHARACTERS ? `${shown.slice(0, MAX_SHOWN_CHARACTERS)}…` : shown;
  const answer = await input.ask(`Run ${plainLine(request.tool)} with ${cut}? [y/N] `);
  return /^\s*y(?:es)?\s*$/i.test(answer ?? "");
}
