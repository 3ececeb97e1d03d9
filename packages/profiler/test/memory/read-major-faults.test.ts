import { LocalMachine } from "@nanoagent/profiler";
import { FixtureMachine } from "@nanoagent/profiler/testing";
import { expect, test } from "vitest";
import { readMajorFaults } from "../../src/memory/read-major-faults.js";

const read = (text: string, pid = 7) =>
  readMajorFaults(new FixtureMachine({ files: { [`/proc/${pid}/stat`]: text } }), pid);

test("returns the twelfth field for any program name", async () => {
  expect(await read("7 (node) S 1 7 7 0 -1 4194304 1200 0 42 0 10 3 0 0 20 0")).toBe(42);
  expect(await read("7 (a) b (c) 1 2 3) S 1 7 7 0 -1 4194304 1200 0 43 0 10 3")).toBe(43);
});

test("returns null for a missing process or an invalid figure", async () => {
  expect(await read("")).toBeNull();
  expect(await read("7 (node) S 1")).toBeNull();
  expect(await read("7 (node) S 1 7 7 0 -1 4194304 1200 0 -5 0 10 3")).toBeNull();
  expect(await read("7 (node) S 1 7 7 0 -1 4194304 1200 0 1 0", 0)).toBeNull();
  expect(await readMajorFaults(new FixtureMachine({ platform: "darwin" }), 7)).toBeNull();
});

test.skipIf(process.platform !== "linux")("returns a number for this process", async () => {
  expect(await readMajorFaults(new LocalMachine(), process.pid)).toBeGreaterThanOrEqual(0);
});
