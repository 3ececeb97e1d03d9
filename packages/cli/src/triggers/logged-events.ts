import { stat } from "node:fs/promises";
import { type LoggedEvent, loadTriggerParts } from "@nanoagent/server/program";

/** Reads the events of a folder, oldest first. A folder that does not exist has none: no event has come yet. */
export async function* loggedEvents(folder: string): AsyncGenerator<LoggedEvent> {
  const isThere = await stat(folder).then(
    () => true,
    (error: { code?: string }) => error.code !== "ENOENT",
  );
  if (!isThere) return;
  const { readEventLog } = await loadTriggerParts();
  yield* readEventLog(folder);
}
