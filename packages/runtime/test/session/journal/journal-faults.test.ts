import fc from "fast-check";
import { expect, test } from "vitest";
import type { Journal, JournalOptions } from "../../../src/session/journal/journal.js";
import { type Fault, MemoryDisk } from "./memory-disk.js";
import { openOn, questions, turn } from "./sample-turns.js";

const runs = process.env.NANOAGENT_SOAK ? 10_000 : 300;

type Step =
  | { do: "append"; length: number }
  | { do: "act"; withResult: boolean; afterwards: "append" | "fail" }
  | { do: "reset" }
  | { do: "window" }
  | { do: "kill" }
  | { do: "cut-power" }
  | { do: "close" };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant("append" as const), length: fc.nat(400) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("act" as const),
      withResult: fc.boolean(),
      afterwards: fc.constantFrom("append" as const, "fail" as const),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ do: "reset" }) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: "window" }) },
  { weight: 2, arbitrary: fc.constant<Step>({ do: "kill" }) },
  { weight: 3, arbitrary: fc.constant<Step>({ do: "cut-power" }) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: "close" }) },
);

const fault: fc.Arbitrary<Fault | null> = fc.oneof(
  { weight: 6, arbitrary: fc.constant(null) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom("short-write" as const, "EIO" as const, "ENOSPC" as const, "EROFS" as const),
      at: fc.double({ min: 0, max: 0.999, noNaN: true }),
    }),
  },
);

/**
 * The turns that must be read: all of `saved`, then at most one of those `refused` since the last saved one. A turn
 * that only a start has found may disappear again, because nobody was told about it.
 */
interface Expected {
  saved: string[];
  refused: string[];
  found: string[];
}

/** Compares the turns. `mayLose`: most saved turns that a power cut may lose. Returns the new expectation. */
async function check(journal: Journal, { saved, refused, found }: Expected, mayLose = 0): Promise<Expected> {
  const there = (await questions(journal)).filter((text) => !found.includes(text));
  const more = there.length === saved.length + 1 && refused.includes(there.at(-1) ?? "") ? there.splice(-1) : [];
  expect(there).toEqual(mayLose === 0 ? saved : saved.filter((text) => there.includes(text)));
  expect(saved.length - there.length).toBeLessThanOrEqual(mayLose);
  return { saved: there, refused: [], found: [...found, ...more] };
}

/** The sync of a turn fails, the turn cannot be cut off, and there is no room for a new file. */
const turnLeftBehind = {
  steps: [{ do: "act" as const, withResult: true, afterwards: "fail" as const }],
  faults: [null, null, null, null, null, null, "EIO" as const, "EIO" as const, "ENOSPC" as const].map(
    (kind) => kind && { kind, at: 0 },
  ),
  chances: [0, 0, 0, 0, 0, 0, 0],
  segmentBytes: 1,
};

test.each<[string, JournalOptions["fsync"], number]>([
  ["turn", "turn", 0],
  ["batch", "batch", 16],
])(
  "fsync %s: acknowledged turns survive any fault and any end",
  async (_, fsync, mayLose) => {
    const script = fc.record({
      steps: fc.array(step, { minLength: 1, maxLength: 25 }),
      faults: fc.array(fault, { maxLength: 200 }),
      chances: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 7, maxLength: 31 }),
      segmentBytes: fc.integer({ min: 1, max: 2000 }),
    });
    await fc.assert(
      fc.asyncProperty(script, async ({ steps, faults, chances, segmentBytes }) => {
        const disk = new MemoryDisk();
        const upcoming = faults[Symbol.iterator]();
        let chance = 0;
        const choose = () => chances[chance++ % chances.length] ?? 0;
        const withFaults = () => {
          disk.nextFault = () => upcoming.next().value ?? null;
        };
        const withoutFaults = () => {
          disk.nextFault = () => null;
        };
        const options: JournalOptions = { fsync, segmentBytes };
        let expected: Expected = { saved: [], refused: [], found: [] };
        withFaults();
        let journal = await openOn(disk, options);
        let number = 0;
        const said = async (action: Promise<unknown>, text: string) => {
          try {
            await action;
            expected = { ...expected, saved: [...expected.saved, text], refused: [] };
          } catch (error) {
            expect(error).toMatchObject({ code: "session-not-saved" });
            expected.refused.push(text);
          }
        };
        for (const next of steps) {
          const text = `turn ${number++} ${"x".repeat(next.do === "append" ? next.length : 0)}`;
          switch (next.do) {
            case "append":
              await said(journal.appendTurn(turn(text)), text);
              break;
            case "act": {
              const call = { id: "1", name: "open-valve", arguments: { valve: number } };
              const [question, reply] = turn(text) as [never, never];
              const messages = [
                question,
                { role: "assistant" as const, content: "", timestamp: "", tool_calls: [call] },
              ];
              const act = await journal.recordActStart(call, messages).catch(() => null);
              if (act === null) {
                // Its record may still be on the disk. Then a start finds it and ends the turn.
                expected.refused.push(text);
                break;
              }
              if (next.withResult) await journal.recordActResult(act, { content: "done", is_error: false });
              if (next.afterwards === "append") await said(journal.appendTurn([...messages, reply]), text);
              if (expected.saved.at(-1) === text) break;
              // The start of the act is on the disk, so the turn stays, no matter if it is ended now or by the next
              // start.
              const kept = await journal.endFailedTurn();
              expect(kept?.map(({ role }) => role)).toEqual(["user", "assistant", "tool", "assistant"]);
              expected = { ...expected, saved: [...expected.saved, text], refused: [] };
              break;
            }
            case "window":
              await journal.recordWindow({ first_turn: number, summary: text, next: null });
              break;
            case "reset":
              await journal.beginConversation();
              break;
            default: {
              const isPowerCut = next.do === "cut-power";
              if (next.do === "close") await journal.close();
              else if (isPowerCut) disk.cutPower(choose);
              journal = await openOn(disk, options);
              withoutFaults();
              expected = await check(journal, expected, isPowerCut ? mayLose : 0);
              withFaults();
            }
          }
        }
        withoutFaults();
        await check(journal, expected);
        expected = await check(await openOn(disk, options), expected);
        // The journal continues normally.
        const last = await openOn(disk, options);
        await last.appendTurn(turn("at last"));
        expect((await questions(await openOn(disk, options))).at(-1)).toBe("at last");
        expected.saved.push("at last");
        await check(await openOn(disk, options), expected);
      }),
      { numRuns: runs, examples: [[turnLeftBehind]] },
    );
  },
  600_000,
);
