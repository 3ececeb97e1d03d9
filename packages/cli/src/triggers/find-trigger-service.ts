import { realpath } from "node:fs/promises";
import { type FoundService, findServices } from "@nanoagent/server";

/** Returns the service of this user that acts on the events of a folder, or null. */
export async function findTriggerService(folder: string): Promise<FoundService | null> {
  const wanted = await placeOf(folder);
  for (const service of await findServices()) {
    const used = service.status?.triggers?.folder;
    if (used !== undefined && (await placeOf(used)) === wanted) return service;
  }
  return null;
}

/** The same folder may be reached by several paths. */
function placeOf(folder: string): Promise<string> {
  return realpath(folder).catch(() => folder);
}
