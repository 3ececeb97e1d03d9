// Triggers in a process of their own, so that they can be killed. Arguments: folder, "idempotent" or "other", kind of act.
import { appendFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { defineTool, openAgent } from "@nanoagent/runtime";
import { ScriptedEngine } from "@nanoagent/runtime/testing";
import { openTriggers } from "../../../src/triggers/open-triggers.js";

const [folder = "", kind = "", act = "tool"] = process.argv.slice(2);
const calls = path.join(folder, "calls");

/** Writes the begin and the end of every run, as a device would see them. */
const count = defineTool<{ n: number }>({
  name: "count",
  description: "Counts.",
  input: { type: "object", properties: { n: { type: "number" } }, required: ["n"] },
  changesWorld: true,
  permission: "always",
  idempotent: kind === "idempotent",
  async run({ n }, { idempotencyKey }) {
    appendFileSync(calls, `begin ${n} ${idempotencyKey}\n`);
    await delay(Math.random() * 8);
    appendFileSync(calls, `end ${n} ${idempotencyKey}\n`);
    return `Counted ${n}.`;
  },
});
const agent = await openAgent(
  {
    spec: { name: "counter", capabilities: ["count"] },
    device: { device_id: "d", platform: "linux-aarch64", memory_mb: 512, cpu_cores: 2 },
    intents: {
      definitions: [{ name: "count", sentences: ["count {n}"], tool: "count" }],
      slots: { n: { from: 0, to: 100000 } },
    },
  },
  { engine: new ScriptedEngine(["Yes."]), tools: [count] },
);
const triggers = await openTriggers({
  settings: [
    {
      name: "counter",
      when: { http: { secret_env: "HOOK_SECRET" } },
      if: { value: "payload.n", at_least: 0 },
      do: act === "tool" ? { tool: "count", arguments: { n: "{payload.n}" } } : { sentence: "count {payload.n}" },
      then: { file: { path: path.join(folder, "answers") } },
      queue: { max_events: 10_000 },
    },
  ],
  folder: path.join(folder, "events"),
  environment: { HOOK_SECRET: "a-secret-of-the-hook" },
  agent: { use: (_signal, run) => run(agent), ask: async () => false },
  onNotice: ({ level, message }) => process.send?.({ notice: `${level}: ${message}` }),
});
process.on("message", async (message: { add?: number; isIdle?: true }) => {
  if (message.add !== undefined) {
    const { id } = await triggers.run("counter", { payload: { id: `n${message.add}`, n: message.add } });
    process.send?.({ added: message.add, id });
  }
  if (message.isIdle) process.send?.({ state: triggers.states[0], unknown: triggers.unknownActs });
});
process.send?.({ isReady: true });
