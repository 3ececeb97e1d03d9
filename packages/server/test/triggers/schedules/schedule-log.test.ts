import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { EventLog } from "../../../src/triggers/events/event-log.js";

const queue = { maxEvents: 10, whenFull: "refuse", repeats: null } as const;

test("the log keeps a run together with the time reached, also after the run has ended", async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), "nanoagent-schedule-"));
  try {
    const reached = { rule: "every 600000ms", through: 1_800_000_000_000 };
    const log = await EventLog.open(folder);
    const added = await log.add({ trigger: "water", at: 1_800_000_000_001, payload: {}, reached }, queue);
    expect(log.scheduleOf("water")).toEqual(reached);
    const event = added.status === "kept" ? added.id : "";
    await log.append({ type: "end", event, outcome: "done", tries: 1, result: "", at: 1_800_000_000_002 });
    await log.close();

    const again = await EventLog.open(folder);
    expect([again.openEvents, again.scheduleOf("water")]).toEqual([[], reached]);
    // A clock that was set back begins anew, and the same run is made again.
    const earlier = { ...reached, through: reached.through - 86_400_000 };
    await again.append({ type: "schedule", trigger: "water", ...earlier });
    expect(again.scheduleOf("water")).toEqual(earlier);
    expect((await again.add({ trigger: "water", at: 1, payload: {}, reached }, queue)).status).toBe("kept");
    expect(again.scheduleOf("water")).toEqual(reached);
    await again.close();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
