import { type FoundService, findServices } from "@nanoagent/server";

/** Returns the service of this user that acts on the events of a folder, or null. */
export async function findTriggerService(folder: string): Promise<FoundService | null> {
  return (await findServices()).find(({ status }) => status?.triggers?.folder === folder) ?? null;
}
