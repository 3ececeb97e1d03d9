import { saveRecord } from "./acts/save-record.js";
import type { EventLog } from "./events/event-log.js";
import type { OpenEvent } from "./events/open-event.js";
import type { Clock } from "./schedules/clock.js";
import { settledEnd } from "./settled-end.js";

const ORPHANED = "The trigger is no longer in the config.";
const UNANSWERED = "The act was done. Its answers are not given, because the trigger is no longer in the config.";

/** Ends the events of triggers that are no longer in the config. `names` are those that are. */
export async function endOrphans(log: EventLog, names: ReadonlySet<string>, clock: Clock): Promise<void> {
  const orphans = log.openEvents.filter(({ trigger }) => !names.has(trigger));
  const ends = orphans.map((event) => {
    const { id, tries } = event;
    return saveRecord(log, { type: "end", event: id, ...endOf(event), tries, at: clock.now() });
  });
  await Promise.all(ends);
}

function endOf(event: OpenEvent) {
  if (event.answer === null) return settledEnd(event, "orphaned", ORPHANED);
  return settledEnd(event, "done", `${UNANSWERED} ${event.answer}`.trimEnd());
}
