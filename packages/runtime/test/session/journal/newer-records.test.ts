import fc from "fast-check";
import { expect, test } from "vitest";
import { toCheckedJson } from "../../../src/files/checked-json.js";
import { readTurns } from "../../../src/session/journal/read-turns.js";
import { MemoryDisk } from "./memory-disk.js";
import { folder, openOn, questions, turn } from "./sample-turns.js";

/** Values that a newer version may write in a known record. */
const anything = fc.oneof(fc.jsonValue(), fc.constantFrom<unknown>("narrator", "filtered", null, -1, 1.5, {}, []));
const change = fc.record({
  type: fc.constantFrom("turn", "act", "act-result", "window", "pruned", "conversation", "branch", "", 7),
  fields: fc.dictionary(
    fc.constantFrom("messages", "key", "call", "first_turn", "summary", "next", "through_turn", "mood", "content"),
    anything,
  ),
  role: fc.option(anything),
  ended: fc.option(anything),
  hasTurn: fc.boolean(),
});

test("a valid unknown record is not damage: it is kept and reported, and turns follow it", async () => {
  const property = fc.asyncProperty(
    fc.array(change, { minLength: 1, maxLength: 4 }),
    fc.boolean(),
    fc.boolean(),
    async (changes, verifyEverything, isHurtToo) => {
      const disk = new MemoryDisk();
      const first = await openOn(disk);
      for (const text of ["one", "two"]) await first.appendTurn(turn(text));
      await first.close();
      const [[name, whole]] = [...disk.snapshot()] as [[string, Buffer]];
      const lines = changes.map(({ type, fields, role, ended, hasTurn }, index) => {
        const [user, assistant] = turn("newer");
        const last = { ...assistant, ...(role !== null && { role }), ...(ended !== null && { ended }) };
        const messages = { messages: [user, last] };
        const number = hasTurn ? { turn: 3 + index } : {};
        return toCheckedJson({ type, sequence: 4 + index, ...number, ...messages, ...fields });
      });
      const damage = isHurtToo ? "garbage\n" : "";
      const held = MemoryDisk.holding([[name, Buffer.concat([whole, Buffer.from(`${damage}${lines.join("\n")}\n`)])]]);
      const journal = await openOn(held, { verifyEverything });
      expect(journal.report.damage).toHaveLength(isHurtToo ? 1 : 0);
      expect((await questions(journal)).slice(0, 2)).toEqual(["one", "two"]);
      expect(await journal.appendTurn(turn("after"))).toBe(null);
      await journal.close();
      const text = [...held.snapshot()].find(([file]) => file === name)?.[1].toString() ?? "";
      for (const line of lines) expect(text).toContain(`${line}\n`);
      const again = await openOn(held);
      expect((await questions(again)).at(-1)).toBe("after");
      expect(again.report.unknown_records).toBe(journal.report.unknown_records);
      let unknown = 0;
      for await (const _ of readTurns(held, folder, { onUnknown: () => (unknown += 1) }));
      expect(unknown).toBe(journal.report.unknown_records);
    },
  );
  await fc.assert(property, { numRuns: process.env.NANOAGENT_SOAK ? 3000 : 300 });
}, 120_000);

test.each([{ role: "narrator" }, { role: 7 }, { ended: "filtered" }, { tool_calls: "none" }, { content: ["parts"] }])(
  "a turn with %o keeps its number, is reported once, and does not count as missing",
  async (field) => {
    const disk = new MemoryDisk();
    const first = await openOn(disk);
    await first.appendTurn(turn("one"));
    await first.close();
    const [[name, whole]] = [...disk.snapshot()] as [[string, Buffer]];
    const [user, reply] = turn("two");
    const line = toCheckedJson({ type: "turn", sequence: 3, turn: 2, messages: [user, { ...reply, ...field }] });
    const held = MemoryDisk.holding([[name, Buffer.concat([whole, Buffer.from(`${line}\n`)])]]);
    const journal = await openOn(held);
    await journal.appendTurn(turn("three"));
    expect(journal.counts).toMatchObject({ turns: 3, messages: 6 });
    const newest = await journal.newestTurns(10_000, () => 1);
    expect(newest.map(({ turn: number }) => number)).toEqual([1, 3]);
    expect(await questions(journal)).toEqual(["one", "three"]);
    expect(journal.report).toMatchObject({ unknown_records: 1, missing: [], damage: [], notes: [] });
  },
);

test("a header of a newer format is rejected even without other fields, and nothing is changed", async () => {
  const header = fc.record(
    {
      sequence: anything,
      session: anything,
      created_at: anything,
      after_sequence: anything,
      turns: anything,
      conversation_turn: anything,
    },
    { requiredKeys: [] },
  );
  const format = fc.oneof(fc.integer({ min: 2 }), fc.constantFrom("2.0", "next", {}));
  const property = fc.asyncProperty(header, format, fc.boolean(), async (fields, version, isAlone) => {
    const disk = new MemoryDisk();
    const first = await openOn(disk);
    await first.appendTurn(turn("one"));
    await first.close();
    const [[name, whole]] = [...disk.snapshot()] as [[string, Buffer]];
    const line = Buffer.from(`${toCheckedJson({ type: "segment", ...fields, format: version })}\n`);
    const newer = isAlone ? name : `${folder}/journal-0000000000000100.jsonl`;
    const held = MemoryDisk.holding([
      [name, whole],
      [newer, line],
    ]);
    const before = held.snapshot();
    await expect(openOn(held)).rejects.toMatchObject({ code: "session-format-unknown" });
    expect(held.snapshot()).toEqual(before);
  });
  await fc.assert(property, { numRuns: 200 });
});
