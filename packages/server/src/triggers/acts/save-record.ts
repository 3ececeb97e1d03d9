import { NanoAgentError } from "@nanoagent/models";
import type { EventLog } from "../events/event-log.js";

/**
 * Records something that has happened already. While the disk takes nothing, the log keeps the record in memory and saves it
 * later, so the work goes on.
 */
export async function saveRecord(
  log: Pick<EventLog, "append">,
  record: Parameters<EventLog["append"]>[0],
  options: { readonly synced?: boolean } = {},
): Promise<void> {
  try {
    await log.append(record, options);
  } catch (error) {
    if (!NanoAgentError.isInstance(error) || error.code !== "events-not-saved") throw error;
  }
}
