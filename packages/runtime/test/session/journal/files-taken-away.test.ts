import { copyFile, readdir, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Journal } from "../../../src/session/journal/journal.js";
import { temporaryFolder } from "../../temporary-folder.js";
import { questions, turn } from "./sample-turns.js";

/** Ways in which another program can remove or change an open file. */
const ways: Record<string, (file: string) => Promise<void>> = {
  remove: (file) => rm(file),
  "move away": (file) => rename(file, `${file}.moved`),
  "replace by an empty file": async (file) => {
    await writeFile(`${file}.fresh`, "");
    await rename(`${file}.fresh`, file);
  },
  "replace by a copy": async (file) => {
    await copyFile(file, `${file}.fresh`);
    await rename(`${file}.fresh`, file);
  },
  empty: (file) => truncate(file, 0),
  "cut short": async (file) => truncate(file, Math.floor((await readFile(file)).length / 2)),
  "add to": (file) => writeFile(file, "something else", { flag: "a" }),
};

test.each(["turn", "batch", "never"] as const)(
  "fsync %s: after any change to the open file, acknowledged turns are kept, and the change is reported",
  async (fsync) => {
    const property = fc.asyncProperty(
      fc.array(fc.constantFrom(null, null, ...Object.keys(ways)), { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 2000 }),
      async (steps, segmentBytes) => {
        const folder = await temporaryFolder();
        const journal = await Journal.open(folder, { fsync, segmentBytes });
        await journal.appendTurn(turn("first"));
        let since: string[] = [];
        let count = 0;
        for (const [index, step] of steps.entries()) {
          const names = (await readdir(folder)).filter((name) => name.endsWith(".jsonl")).sort();
          const newest = names.at(-1);
          if (step !== null && newest !== undefined) {
            await ways[step]?.(path.join(folder, newest));
            since = [];
            count += 1;
          }
          expect(await journal.appendTurn(turn(`turn ${index}`))).toBe(null);
          expect(journal.report.notes).toHaveLength(count);
          since.push(`turn ${index}`);
        }
        await journal.close();
        const again = await Journal.open(folder);
        expect((await questions(again)).slice(-since.length)).toEqual(since);
        expect(again.counts.turns).toBe(steps.length + 1);
        await again.close();
        await rm(folder, { recursive: true });
      },
    );
    await fc.assert(property, { numRuns: process.env.NANOAGENT_SOAK ? 500 : 40 });
  },
  120_000,
);

test("unsynced turns are written again to the new file", async () => {
  for (const way of ["remove", "move away", "replace by an empty file"]) {
    for (const end of ["another turn", "close"]) {
      const folder = await temporaryFolder();
      const journal = await Journal.open(folder, { fsync: "batch" });
      const said = ["one", "two", "three"];
      for (const text of said) await journal.appendTurn(turn(text));
      const [name = ""] = (await readdir(folder)).filter((file) => file.endsWith(".jsonl"));
      await ways[way]?.(path.join(folder, name));
      if (end === "another turn") await journal.appendTurn(turn("four"));
      await journal.close();
      const again = await Journal.open(folder);
      // The first turn began the file and was synced with the file's name.
      expect(await questions(again)).toEqual(end === "close" ? ["two", "three"] : ["two", "three", "four"]);
      expect(again.report.missing).toEqual([{ first_turn: 1, last_turn: 1 }]);
      await again.close();
    }
  }
});
