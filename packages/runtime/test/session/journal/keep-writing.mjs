// A program to be killed: `node keep-writing.mjs FOLDER TURNS FSYNC...` writes turns to a separate session for each
// FSYNC, in a folder with that name. It prints `FSYNC saved TURN` for each acknowledged turn, or `FSYNC refused CODE`.
import { writeSync } from "node:fs";
import path from "node:path";
import { Journal } from "../../../dist/node.js";

const [folder = "", turns = "1", ...policies] = process.argv.slice(2);
const timestamp = "2026-01-31T12:00:00.000Z";
await Promise.all(policies.map((fsync) => keepWriting(fsync)));

/** @param {string} fsync */
async function keepWriting(fsync) {
  const journal = await Journal.open(path.join(folder, fsync), {
    fsync: /** @type {"turn" | "batch" | "never"} */ (fsync),
    // Small, so that new segments begin often.
    segmentBytes: 4096,
  });
  const first = journal.counts.turns + 1;
  writeSync(1, `${fsync} open ${first}\n`);
  for (let number = first; number < first + Number(turns); number++) {
    try {
      await writeTurn(journal, number, (line) => writeSync(1, `${fsync} ${line}\n`));
    } catch (error) {
      writeSync(1, `${fsync} refused ${/** @type {{ code: string }} */ (error).code}\n`);
      await journal.endFailedTurn();
    }
  }
  await journal.close();
}

/**
 * @param {Journal} journal
 * @param {number} number
 * @param {(line: string) => void} print
 */
async function writeTurn(journal, number, print) {
  const question = { role: /** @type {const} */ ("user"), content: `turn ${number}`, timestamp };
  /** @type {import("../../../dist/node.js").JournalMessage[]} */
  const messages = [question];
  if (number % 5 === 0) {
    const call = { id: "1", name: "open-valve", arguments: { number } };
    messages.push({ role: "assistant", content: "", timestamp, tool_calls: [call] });
    const act = await journal.recordActStart(call, messages);
    print(`act ${act.key} ${question.content}`);
    await journal.recordActResult(act, { content: "open", is_error: false });
    messages.push({ role: "tool", content: "open", timestamp, tool_call_id: "1" });
  }
  messages.push({ role: "assistant", content: "x".repeat((number * 7919) % 1500), timestamp });
  await journal.appendTurn(messages);
  print(`saved ${question.content}`);
}
