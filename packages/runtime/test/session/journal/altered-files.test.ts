import { execFileSync } from "node:child_process";
import { chmod, readdir, rename } from "node:fs/promises";
import path from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Journal } from "../../../src/session/journal/journal.js";
import { describeReport } from "../../../src/session/journal/journal-report.js";
import { findSessions } from "../../../src/session/journal/stored-session.js";
import { temporaryFolder } from "../../temporary-folder.js";
import { MemoryDisk } from "./memory-disk.js";
import { openOn, questions, turn } from "./sample-turns.js";

/** Returns a disk with this number of turns in several segments. */
async function diskWith(turns: number): Promise<Map<string, Buffer>> {
  const disk = new MemoryDisk();
  const journal = await openOn(disk, { segmentBytes: 700 });
  for (let number = 1; number <= turns; number++) await journal.appendTurn(turn(`${number}`));
  await journal.close();
  return new Map(disk.snapshot());
}

const TURNS = 30;
const all = Array.from({ length: TURNS }, (_, index) => `${index + 1}`);

test("segments with swapped names and changed line endings are read completely and in order", async () => {
  const files = await diskWith(TURNS);
  const names = [...files.keys()].filter((name) => name.endsWith(".jsonl")).sort();
  expect(names.length).toBeGreaterThan(3);
  const altered = fc.record({
    order: fc.shuffledSubarray(names, { minLength: names.length }),
    withReturns: fc.subarray(names),
  });
  await fc.assert(
    fc.asyncProperty(altered, async ({ order, withReturns }) => {
      const content = (name: string) => {
        const bytes = files.get(name) as Buffer;
        return withReturns.includes(name) ? Buffer.from(bytes.toString("utf8").replaceAll("\n", "\r\n")) : bytes;
      };
      const changed = new Map(names.map((name, index) => [name, content(order[index] as string)]));
      for (const verifyEverything of [false, true]) {
        const journal = await openOn(MemoryDisk.holding(changed), { verifyEverything });
        expect(await questions(journal)).toEqual(all);
        expect(journal.report).toMatchObject({ missing_turns: 0, damage: [], torn_bytes: 0 });
        await journal.appendTurn(turn("next"));
        expect(await questions(journal)).toEqual([...all, "next"]);
        expect((await journal.newestTurns(1e9, () => 1)).map(({ turn: number }) => number)).toHaveLength(TURNS + 1);
      }
    }),
    { numRuns: 40 },
  );
});

test.skipIf(process.platform === "win32")("a pipe or a folder with a segment's name does not block", async () => {
  for (const stranger of ["mkfifo", "mkdir"]) {
    const folder = await temporaryFolder();
    const first = await Journal.open(folder, { segmentBytes: 700 });
    for (const question of all) await first.appendTurn(turn(question));
    await first.close();
    const [oldest = "", ...others] = (await readdir(folder)).filter((name) => name.endsWith(".jsonl")).sort();
    for (const name of [oldest, others.at(-1) ?? ""]) {
      await rename(path.join(folder, name), path.join(folder, `${name}.bak`));
      execFileSync(stranger, [path.join(folder, name)]);
    }
    expect(await findSessions(folder)).toHaveLength(1);
    const journal = await Journal.open(folder);
    expect(journal.report.notes.join("\n")).toMatch(/cannot be read \(.*not a file|is a directory/);
    await journal.appendTurn(turn("next"));
    expect((await questions(journal)).at(-1)).toBe("next");
    await journal.close();
  }
});

test.skipIf(process.platform === "win32")("only a folder that everyone can write to is reported", async () => {
  for (const [mode, isSaid] of [
    [0o700, false],
    [0o755, false],
    [0o775, false],
    [0o777, true],
    [0o1777, true],
  ] as const) {
    const folder = await temporaryFolder();
    await chmod(folder, mode);
    const journal = await Journal.open(folder);
    const said = describeReport(journal.report);
    expect(said, mode.toString(8)).toEqual(isSaid ? [expect.stringContaining("chmod o-w")] : []);
    await journal.close();
  }
});
