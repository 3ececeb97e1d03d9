// A program to be killed: `node keep-writing.mjs FOLDER FSYNC [TURNS]` writes turn after turn to the journal of a folder and
// prints the number of each that was acknowledged, or `refused CODE`.
import { writeSync } from "node:fs";
import { Journal } from "../../../dist/node.js";

const [folder = "", fsync = "turn", turns = "Infinity"] = process.argv.slice(2);
const timestamp = "2026-01-31T12:00:00.000Z";
// Small, so that segments are begun all the time.
const journal = await Journal.open(folder, { fsync: /** @type {never} */ (fsync), segmentBytes: 4096 });
const first = journal.counts.turns + 1;
writeSync(1, `open ${first}\n`);
for (let number = first; number < first + Number(turns); number++) {
  const question = { role: /** @type {const} */ ("user"), content: `turn ${number}`, timestamp };
  /** @type {import("../../../dist/node.js").JournalMessage[]} */
  const messages = [question];
  try {
    if (number % 5 === 0) {
      const call = { id: "1", name: "open-valve", arguments: { number } };
      messages.push({ role: "assistant", content: "", timestamp, tool_calls: [call] });
      const act = await journal.intendAct(call, messages);
      writeSync(1, `act ${act.key}\n`);
      await journal.recordActResult(act, { content: "open", is_error: false });
      messages.push({ role: "tool", content: "open", timestamp, tool_call_id: "1" });
    }
    messages.push({ role: "assistant", content: "x".repeat((number * 7919) % 1500), timestamp });
    await journal.appendTurn(messages);
    writeSync(1, `saved ${question.content}\n`);
  } catch (error) {
    writeSync(1, `refused ${/** @type {{ code: string }} */ (error).code}\n`);
    await journal.endFailedTurn();
  }
}
await journal.close();
