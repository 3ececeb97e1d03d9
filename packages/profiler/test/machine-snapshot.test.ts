import fc from "fast-check";
import { expect, test } from "vitest";
import { MachineSnapshot } from "../src/machine-snapshot.js";
import { FixtureMachine } from "../src/testing/index.js";
import { CountingMachine } from "./boards/counting-machine.js";

test("a small file is read once, for any lengths and order of the requests", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({ maxLength: 40 }),
      fc.array(fc.integer({ min: 200, max: 10_000 }), { minLength: 2, maxLength: 6 }),
      async (text, lengths) => {
        const machine = new CountingMachine(new FixtureMachine({ files: { "/proc/file": text } }));
        const look = new MachineSnapshot(machine);
        const texts = await Promise.all(lengths.map((maxBytes) => look.readText("/proc/file", maxBytes)));
        expect(new Set(texts)).toEqual(new Set([text]));
        expect(machine.calls).toBe(1);
      },
    ),
  );
});

test("a truncated file is read again for a longer request", async () => {
  const text = "0123456789".repeat(10);
  const machine = new CountingMachine(new FixtureMachine({ files: { "/proc/file": text } }));
  const look = new MachineSnapshot(machine);
  expect(await look.readText("/proc/file", 10)).toBe("0123456789");
  expect(await look.readText("/proc/file", 20)).toBe(text.slice(0, 20));
  expect(await look.readText("/proc/file", 15)).toBe(text.slice(0, 15));
  expect(machine.calls).toBe(2);
});
