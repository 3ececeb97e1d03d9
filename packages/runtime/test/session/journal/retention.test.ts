import fc from "fast-check";
import { expect, test } from "vitest";
import { MemoryDisk } from "./memory-disk.js";
import { message, openOn, questions } from "./sample-turns.js";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const runs = process.env.NANOAGENT_SOAK ? 2000 : 150;
const real = Date.parse("2028-06-01T12:00:00Z");

/** Difference between the clock and the true time during one run of the program. */
const wrongClock = fc.oneof(
  fc.record({ kind: fc.constant("unset" as const), by: fc.integer({ min: 0, max: 400 * DAY }) }),
  fc.record({ kind: fc.constant("ahead" as const), by: fc.constant(0) }),
  fc.record({ kind: fc.constant("right" as const), by: fc.constant(0) }),
);

const life = fc.record({ clock: wrongClock, turns: fc.integer({ min: 1, max: 12 }) });

test("a wrong clock never removes a turn that is younger than the limit", async () => {
  const property = fc.asyncProperty(
    fc.array(life, { minLength: 1, maxLength: 8 }),
    fc.integer({ min: 1, max: 3000 }),
    fc.integer({ min: 2, max: 700 }),
    fc.integer({ min: 2 * DAY, max: 5000 * DAY }),
    async (lives, segmentBytes, maxDays, ahead) => {
      const disk = new MemoryDisk();
      let time = real;
      let number = 0;
      const shown = (clock: { kind: "unset" | "ahead" | "right"; by: number }) =>
        clock.kind === "unset" ? clock.by : clock.kind === "ahead" ? time + ahead : time;
      for (const { clock, turns } of [...lives, { clock: { kind: "right" as const, by: 0 }, turns: 1 }]) {
        const options = { segmentBytes, retention: { maxAgeMilliseconds: maxDays * DAY }, now: () => shown(clock) };
        const journal = await openOn(disk, options);
        for (let count = 0; count < turns; count++) {
          const timestamp = new Date(shown(clock)).toISOString();
          await journal.appendTurn([
            { ...message("user", `${++number}`), timestamp },
            { ...message("assistant", "yes"), timestamp },
          ]);
          // A run lasts less than a day.
          time += Math.floor(HOUR / 5);
        }
        await journal.close();
      }
      const journal = await openOn(disk, { retention: { maxAgeMilliseconds: maxDays * DAY }, now: () => time });
      expect((await questions(journal)).map(Number)).toEqual(Array.from({ length: number }, (_, index) => index + 1));
      expect(journal.report).toMatchObject({ missing_turns: 0, damage: [] });
    },
  );
  await fc.assert(property, { numRuns: runs });
}, 600_000);

test("with a correct clock, turns are removed at most a day late, including those of an unset clock", async () => {
  const disk = new MemoryDisk();
  let time = real;
  const maxDays = 10;
  const say = async (text: string, shown: number) => {
    const timestamp = new Date(shown).toISOString();
    const options = { segmentBytes: 1, retention: { maxAgeMilliseconds: maxDays * DAY }, now: () => shown };
    const journal = await openOn(disk, options);
    await journal.appendTurn([
      { ...message("user", text), timestamp },
      { ...message("assistant", "yes"), timestamp },
    ]);
    await journal.close();
  };
  for (let day = 1; day <= 30; day++) {
    await say(`day ${day}`, time);
    if (day % 3 === 0) await say(`1970 ${day}`, 60_000);
    time += DAY;
  }
  const journal = await openOn(disk, { retention: { maxAgeMilliseconds: maxDays * DAY }, now: () => time });
  const kept = await questions(journal);
  expect(kept.at(-1)).toBe("1970 30");
  const days = kept.map((text) => Number(text.split(" ")[1]));
  expect(Math.min(...days)).toBeGreaterThanOrEqual(17);
  expect(Math.min(...days)).toBeLessThanOrEqual(21);
  expect(journal.report).toMatchObject({ missing_turns: 0 });
});
