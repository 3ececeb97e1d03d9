// Engine for host tests. It replies as configured, and misbehaves when a message asks for it.
import { pbkdf2 } from "node:crypto";
import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { ScriptedEngine } from "@nanoagent/runtime/testing";

const WRITTEN_AT_ONCE_BYTES = 65_536;

/** Ways to spend the time of a save or close. Each gets the milliseconds and a file to write to. */
const ways = {
  /** Computes in another thread, as native code does. */
  async compute(milliseconds) {
    const end = Date.now() + milliseconds;
    while (Date.now() < end) await promisify(pbkdf2)("", "", 100_000, 32, "sha256");
  },
  /** Writes a little ten times a second in one call that blocks the main thread, like native code on a slow disk. */
  block(milliseconds, file) {
    const end = Date.now() + milliseconds;
    const descriptor = openSync(file, "w");
    while (Date.now() < end) {
      writeSync(descriptor, Buffer.alloc(WRITTEN_AT_ONCE_BYTES, 1));
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    }
    closeSync(descriptor);
  },
  /** Waits for something that never happens, while the main thread runs on. */
  wait: (milliseconds) => sleep(milliseconds),
  /** Loops endlessly in the main thread. */
  loop() {
    for (;;) {}
  },
};

async function spend({ how, milliseconds, file, mark } = {}) {
  if (how === undefined) return;
  await ways[how](milliseconds, file);
  writeFileSync(mark, "done");
}

export function openEngine({ replies, failToOpen, hangToOpen, saving, closing }) {
  if (failToOpen) throw new Error("it will not open");
  if (hangToOpen) for (;;) {}
  const engine = new ScriptedEngine(replies);
  return {
    name: "scripted",
    contextTokens: null,
    countTokens: (text) => engine.countTokens(text),
    async saveState() {
      await spend(saving);
      return saving === undefined ? null : 1;
    },
    async close() {
      await spend(closing);
      await engine.close();
    },
    async *generate(request, options) {
      const content = request.messages.at(-1)?.content;
      if (content === "crash") process.abort();
      if (content === "exit") process.exit(7);
      if (content === "hang") for (;;) {}
      if (content === "take memory") for (const held = []; ; ) held.push(Buffer.alloc(2 ** 20, 1));
      if (content === "print") process.stdout.write("printed by native code\n");
      if (content === "which process") {
        yield { type: "text-delta", text: String(process.pid) };
        yield { type: "end", reason: "stop" };
        return;
      }
      yield* engine.generate(request, options);
    },
  };
}
