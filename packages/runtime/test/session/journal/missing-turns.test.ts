import fc from "fast-check";
import { expect, test } from "vitest";
import type { JournalReport } from "../../../src/session/journal/journal-report.js";
import { MemoryDisk } from "./memory-disk.js";
import { openOn, questions, turn } from "./sample-turns.js";

const runs = process.env.NANOAGENT_SOAK ? 3000 : 150;

type Harm = { do: "remove" | "cut" | "flip"; segment: number; at: number };

const harm: fc.Arbitrary<Harm> = fc.record({
  do: fc.constantFrom("remove" as const, "cut" as const, "flip" as const),
  segment: fc.nat(),
  at: fc.double({ min: 0, max: 0.999, noNaN: true }),
});

/** Returns the numbers of the turns that the report calls missing. */
function missingIn({ missing, missing_turns }: JournalReport): number[] {
  const numbers = missing.flatMap(({ first_turn, last_turn }) =>
    Array.from({ length: last_turn - first_turn + 1 }, (_, index) => first_turn + index),
  );
  expect(numbers).toHaveLength(missing_turns);
  return numbers;
}

const session = fc.record({
  turns: fc.integer({ min: 5, max: 60 }),
  segmentBytes: fc.integer({ min: 300, max: 2000 }),
  maxBytes: fc.option(fc.integer({ min: 1500, max: 6000 })),
  harms: fc.array(harm, { maxLength: 3 }),
  from: fc.integer({ min: 1, max: 60 }),
});

test("after any loss in older segments, each turn is read, was pruned, or is reported as missing", async () => {
  await fc.assert(
    fc.asyncProperty(session, async ({ turns, segmentBytes, maxBytes, harms, from }) => {
      const healthy = new MemoryDisk();
      const retention = maxBytes === null ? undefined : { maxBytes };
      const first = await openOn(healthy, { segmentBytes, retention });
      for (let number = 1; number <= turns; number++) await first.appendTurn(turn(`${number}`));
      await first.close();
      const whole = new Set((await questions(await openOn(healthy))).map(Number));
      const segments = [...healthy.snapshot()].sort(([one], [other]) => (one < other ? -1 : 1));
      // A loss at the end of the newest segment cannot be detected.
      const older = segments.slice(0, -1).map(([name]) => name);
      const files = new Map(segments);
      for (const { do: what, segment, at } of older.length === 0 ? [] : harms) {
        const name = older[segment % older.length] as string;
        const data = files.get(name);
        if (data === undefined || data.length === 0) continue;
        const place = Math.floor(at * data.length);
        if (what === "remove") files.delete(name);
        else if (what === "cut") files.set(name, data.subarray(0, place));
        else {
          const flipped = Buffer.from(data);
          flipped[place] = (flipped[place] as number) ^ (1 << (segment % 8));
          files.set(name, flipped);
        }
      }
      const numbers = (begin: number) => [...whole].filter((number) => number >= begin);
      for (const begin of [1, from]) {
        const journal = await openOn(MemoryDisk.holding(files));
        const read = (await questions(journal, begin)).map(Number);
        const missing = missingIn(journal.report).filter((number) => number >= begin);
        expect([...read, ...missing].sort((one, other) => one - other)).toEqual(numbers(begin));
      }
      const loaded = await openOn(MemoryDisk.holding(files));
      const newest = await loaded.newestTurns(1e9, () => 1);
      const all = [...newest.map((each) => each.turn), ...missingIn(loaded.report)];
      expect(all.sort((one, other) => one - other)).toEqual(numbers(1));
      const verified = await openOn(MemoryDisk.holding(files), { verifyEverything: true });
      const left = (await questions(verified)).map(Number);
      expect([...left, ...missingIn(verified.report)].sort((one, other) => one - other)).toEqual(numbers(1));
    }),
    { numRuns: runs },
  );
}, 600_000);

test("pruned turns of an earlier version, which has no record of them, are not reported as missing", async () => {
  const disk = new MemoryDisk();
  const journal = await openOn(disk, { segmentBytes: 1 });
  for (let number = 1; number <= 5; number++) await journal.appendTurn(turn(`${number}`));
  const { encodeRecord, decodeRecord } = await import("../../../src/session/journal/journal-record.js");
  const files = [...disk.snapshot()].sort(([one], [other]) => (one < other ? -1 : 1)).slice(2);
  const earlier = files.map(([name, data]) => {
    const lines = data.toString("utf8").split("\n").slice(0, -1);
    const records = lines.map((line) => decodeRecord(Buffer.from(line)) ?? expect.fail("damaged"));
    return [
      name,
      Buffer.concat(records.map((each) => encodeRecord({ ...each, pruned_turns: undefined } as never))),
    ] as const;
  });
  const opened = await openOn(MemoryDisk.holding(earlier), { verifyEverything: true });
  expect(await questions(opened)).toEqual(["3", "4", "5"]);
  expect(opened.report).toMatchObject({ missing: [], missing_turns: 0, damage: [] });
  expect(await opened.newestTurns(1e9, () => 1)).toHaveLength(3);
  expect(opened.report.missing).toEqual([]);
});
