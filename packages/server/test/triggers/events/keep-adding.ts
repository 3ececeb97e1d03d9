// A program to be killed: `FOLDER` is the folder of a log. It adds events, several at a time, and begins and ends an act
// for each. It prints `kept ID NUMBER`, `act ID` and `ended ID` once the log has saved them.
import { writeSync } from "node:fs";
import { EventLog } from "../../../src/triggers/events/event-log.js";

const log = await EventLog.open(process.argv[2] ?? "", { segmentBytes: 8192 });
const rule = { maxEvents: 1000, whenFull: "refuse", repeats: null } as const;
const print = (line: string) => writeSync(1, `${line}\n`);
let number = 0;
print(`open ${log.openEvents.length}`);

async function finish(event: string): Promise<void> {
  const at = Date.now();
  const key = `${event}.do`;
  await log.append({ type: "act", event, key, kind: "tool", tool: "t", arguments: {}, try: 1, at });
  print(`act ${event}`);
  await log.append({ type: "act-result", event, key, outcome: "done", content: "ok", at });
  await log.append({ type: "end", event, outcome: "done", tries: 1, result: "ok", at });
  print(`ended ${event}`);
}

async function work(): Promise<void> {
  for (;;) {
    number += 1;
    const payload = { number, text: "x".repeat((number * 7919) % 500) };
    const acceptance = await log.add({ trigger: "bed", at: Date.now(), payload }, rule);
    if (acceptance.status !== "kept") throw new Error(JSON.stringify(acceptance));
    print(`kept ${acceptance.id} ${payload.number}`);
    if (payload.number % 7 !== 0) await finish(acceptance.id);
  }
}

for (const { id } of log.openEvents) await finish(id);
await Promise.all([work(), work(), work()]);
