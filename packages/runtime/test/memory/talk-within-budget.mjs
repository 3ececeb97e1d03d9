// A program that holds a conversation within a budget: `node talk-within-budget.mjs CONFIG`. Reads a message per line
// from stdin and prints an outcome per line to stdout.
import { createInterface } from "node:readline";
import { NanoRuntime } from "@nanoagent/runtime";

const runtime = new NanoRuntime({ ownsProgram: true });
await runtime.load(JSON.parse(process.argv[2] ?? ""));
await answer(null);
for await (const message of createInterface({ input: process.stdin })) await answer(message);
await runtime.unload();

/** @param {string | null} message */
async function answer(message) {
  const actions = [];
  let last;
  if (message !== null) {
    for await (const event of runtime.stream(message, { sampling: { maxTokens: 16 } })) {
      if (event.type === "memory-pressure") actions.push(event.action);
      last = event;
    }
  }
  const { engine, used_bytes } = await runtime.memory();
  const outcome = {
    actions,
    failure: last?.type === "error" ? last.error.code : null,
    usage: last?.type === "run-end" ? last.usage : null,
    turns:
      runtime.history.filter(({ role, ended }) => role === "assistant" && ended !== "interrupted").length +
      runtime.droppedTurns,
    plannedBytes: engine?.plan?.ledger.peak_resident_bytes,
    enforcement: engine?.enforcement,
    usedBytes: used_bytes,
  };
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
}
