import { expect, test } from "vitest";
import { eventsNotSaved } from "../../../src/triggers/events/event-log-error.js";
import { systemClock } from "../../../src/triggers/schedules/clock.js";
import { TriggerBoard } from "../../../src/triggers/trigger-board.js";

test("a disk that is full is reported in whole sentences", () => {
  const notices: unknown[] = [];
  const board = new TriggerBoard({ clock: systemClock, onNotice: (notice) => notices.push(notice) });
  const full = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
  board.noteSaving(eventsNotSaved("state/events", full));
  board.noteSaving(null);
  board.close();
  expect(notices).toEqual([
    {
      level: "error",
      trigger: null,
      message:
        "Events could not be saved in state/events. ENOSPC: no space left on device, write. Free disk space. The events continue by themselves.",
    },
  ]);
});
