import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { NanoRuntime } from "../src/nano-runtime.js";
import { sampleConfig } from "./sample-config.js";

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

function heldBytes(): number {
  for (let times = 0; times < 3; times++) collectGarbage();
  return process.memoryUsage().heapUsed;
}

async function bytesPerTurn(turns: number): Promise<number> {
  await using runtime = new NanoRuntime();
  await runtime.load(sampleConfig());
  const talk = async (count: number) => {
    for (let turn = 0; turn < count; turn++) {
      await runtime.process(`Reading ${turn}: please look at the pressure of pump three again.`);
    }
  };
  await talk(500);
  const before = heldBytes();
  await talk(turns);
  return (heldBytes() - before) / turns;
}

test("a turn leaves its two messages in memory, and hardly anything else", async () => {
  // Two objects of 48 bytes, texts of 66 and 105 characters plus 16 bytes, and entries in three lists that grow by
  // doubling. The least of three, because compiled code adds to some of them.
  const measured = [await bytesPerTurn(3000), await bytesPerTurn(3000), await bytesPerTurn(3000)];
  expect(Math.min(...measured)).toBeLessThan(480);
});

test("a message that an app passes is copied, not frozen", async () => {
  await using runtime = new NanoRuntime();
  await runtime.load(sampleConfig());
  const message = { role: "user" as const, content: "hello" };
  await runtime.process(message);
  message.content = "changed";
  expect(runtime.history[0]?.content).toBe("hello");
  expect(Object.isFrozen(runtime.history[0])).toBe(true);
});
