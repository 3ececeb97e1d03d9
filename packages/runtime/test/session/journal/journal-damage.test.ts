import path from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { describeReport, emptyReport } from "../../../src/session/journal/journal-report.js";
import { segmentPath } from "../../../src/session/journal/segment.js";
import { MemoryDisk } from "./memory-disk.js";
import { allMessages, folder, openOn, questions, turn } from "./sample-turns.js";

const texts = [
  "one",
  "zwei: ü€😀",
  'three "quoted" \\ \u0000\u2028',
  "four\nlines",
  `five ${"x".repeat(300)}`,
  "\ud800 alone",
];

/** Returns a disk with a session of these turns, and its files. */
async function written(said: readonly string[], segmentBytes?: number) {
  const disk = new MemoryDisk();
  const journal = await openOn(disk, { segmentBytes });
  const ends: number[] = [];
  for (const text of said) {
    await journal.appendTurn(turn(text));
    ends.push([...disk.snapshot().values()].reduce((sum, { length }) => sum + length, 0));
  }
  await journal.close();
  return { files: disk.snapshot(), ends };
}

test("turns are read exactly as they were written", async () => {
  const { files } = await written(texts);
  const journal = await openOn(MemoryDisk.holding(files));
  expect(await allMessages(journal)).toEqual(texts.flatMap(turn));
  expect(journal.report).toEqual(emptyReport());
  expect(journal.counts).toEqual({ turns: texts.length, messages: 2 * texts.length, conversation_turn: 1 });
});

test("cut off at any byte: every earlier turn is read, and the journal continues", async () => {
  const { files, ends } = await written(texts);
  const [[name, whole]] = [...files] as [[string, Buffer]];
  for (let length = 0; length <= whole.length; length++) {
    const disk = MemoryDisk.holding([[name, whole.subarray(0, length)]]);
    const journal = await openOn(disk);
    // A record that only lacks its line feed is complete.
    const kept = ends.filter((end) => end <= length + 1).length;
    expect(await questions(journal)).toEqual(texts.slice(0, kept));
    expect(journal.report.damage).toEqual([]);
    // Every cut is reported, except at the end of a record, where it leaves no trace.
    const isSaid = describeReport(journal.report).length > 0;
    expect(isSaid).toBe(length === 0 || !isEndOfRecord(whole, length));
    await journal.appendTurn(turn("after"));
    await journal.close();
    const again = await openOn(disk);
    expect(await questions(again)).toEqual([...texts.slice(0, kept), "after"]);
    expect(again.report).toMatchObject({ torn_bytes: 0, damage: [], missing_turns: 0 });
  }
});

/** Whether a file that was cut to this length ends with a complete record, with or without its line feed. */
function isEndOfRecord(whole: Buffer, length: number): boolean {
  return [whole[length - 1], whole[length]].includes(10);
}

/** Every third byte in the usual run, and every line feed. */
const stride = process.env.NANOAGENT_SOAK ? 1 : 3;

test("each flipped byte loses at most its own record, which is copied to the quarantine", async () => {
  const { files } = await written(texts);
  const [[name, whole]] = [...files] as [[string, Buffer]];
  for (let at = 0; at < whole.length; at++) {
    if (at % stride !== 0 && whole[at] !== 10) continue;
    const damaged = Buffer.from(whole);
    damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
    const disk = MemoryDisk.holding([[name, damaged]]);
    const journal = await openOn(disk);
    const found = await questions(journal);
    expect(found).toEqual(texts.filter((text) => found.includes(text)));
    // A lost line feed damages two records.
    expect(texts.length - found.length).toBeLessThanOrEqual(whole[at] === 10 ? 2 : 1);
    expect(journal.report.damage.length + journal.report.torn_bytes).toBeGreaterThan(0);
    for (const { file, offset, bytes, quarantine } of journal.report.damage) {
      expect(disk.snapshot().get(quarantine ?? "")).toEqual(damaged.subarray(offset, offset + bytes));
      expect(file).toBe(name);
    }
    await journal.appendTurn(turn("after"));
    await journal.close();
    const again = await openOn(disk);
    expect(await questions(again)).toEqual([...found, "after"]);
    expect(again.report).toMatchObject({ torn_bytes: 0, damage: [] });
  }
});

test("with any damage to any file the journal opens, reads only written turns, and continues", async () => {
  const damage = fc.record({
    file: fc.nat(),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.nat(600),
    kind: fc.constantFrom("zeros", "noise", "cut", "insert", "repeat", "remove-file", "empty-file"),
    noise: fc.uint8Array({ minLength: 1, maxLength: 50 }),
  });
  const said = fc.array(fc.string({ maxLength: 60 }), { minLength: 1, maxLength: 20 });
  const property = fc.asyncProperty(
    said,
    fc.integer({ min: 1, max: 1500 }),
    fc.array(damage, { minLength: 1, maxLength: 4 }),
    fc.boolean(),
    async (content, segmentBytes, damages, verifyEverything) => {
      const unique = content.map((text, index) => `${index}: ${text}`);
      const { files } = await written(unique, segmentBytes);
      const names = [...files.keys()].sort();
      for (const { file, at, length, kind, noise } of damages) {
        const name = names[file % names.length] ?? "";
        const data = files.get(name);
        if (data === undefined) continue;
        const offset = Math.floor(at * data.length);
        const end = Math.min(data.length, offset + length);
        const [head, body, tail] = [data.subarray(0, offset), data.subarray(offset, end), data.subarray(end)];
        const scribbled = Buffer.alloc(body.length, kind === "zeros" ? 0 : noise);
        if (kind === "remove-file") files.delete(name);
        else if (kind === "empty-file") files.set(name, Buffer.alloc(0));
        else if (kind === "cut") files.set(name, Buffer.concat([head, tail]));
        else if (kind === "insert") files.set(name, Buffer.concat([head, noise, body, tail]));
        else if (kind === "repeat") files.set(name, Buffer.concat([head, body, body, tail]));
        else files.set(name, Buffer.concat([head, scribbled, tail]));
      }
      const disk = MemoryDisk.holding(files);
      const journal = await openOn(disk, { verifyEverything });
      const found = await questions(journal);
      expect(unique.filter((text) => found.includes(text))).toEqual(found);
      await journal.appendTurn(turn("after"));
      await journal.close();
      const again = await openOn(disk, { verifyEverything: true });
      expect(await questions(again)).toEqual([...found, "after"]);
      await again.close();
      const third = await openOn(disk, { verifyEverything: true });
      expect(third.report).toMatchObject({ torn_bytes: 0, damage: [], notes: [] });
    },
  );
  await fc.assert(property, { numRuns: process.env.NANOAGENT_SOAK ? 20_000 : 1000 });
}, 300_000);

test("files of random bytes are copied to the quarantine", async () => {
  const bytes = fc.uint8Array({ maxLength: 3000 });
  await fc.assert(
    fc.asyncProperty(fc.array(bytes, { minLength: 1, maxLength: 3 }), async (contents) => {
      const disk = MemoryDisk.holding(
        contents.map((content, index) => [segmentPath(folder, index + 1), Buffer.from(content)]),
      );
      const journal = await openOn(disk);
      expect(await questions(journal)).toEqual([]);
      await journal.appendTurn(turn("first"));
      expect(await questions(await openOn(disk))).toEqual(["first"]);
    }),
  );
});

describe("unusual content at a start", () => {
  test("an unfinished line of 100 MB is skipped in bounded memory", async () => {
    const { files } = await written(["one"]);
    const [[name, whole]] = [...files] as [[string, Buffer]];
    const giant = Buffer.alloc(100 * 2 ** 20, "x");
    const disk = MemoryDisk.holding([[name, Buffer.concat([whole, giant, Buffer.from("\n"), await lineOf("two", 4)])]]);
    const before = process.memoryUsage().rss;
    const journal = await openOn(disk);
    expect(await questions(journal)).toEqual(["one", "two"]);
    expect(journal.report.notes).toEqual([expect.stringContaining("could not be repaired")]);
    // The test's disk is in this memory as well, and copies the rest during the repair.
    expect(process.memoryUsage().rss - before).toBeLessThan(250 * 2 ** 20);
    await journal.appendTurn(turn("three"));
    expect(await questions(await openOn(disk))).toEqual(["one", "two", "three"]);
  });

  test("a newer format is rejected, and nothing is changed", async () => {
    const { files } = await written(["one"]);
    const { encodeRecord } = await import("../../../src/session/journal/journal-record.js");
    const newer = { type: "segment", sequence: 3, format: 2, session: "s", created_at: "", after_sequence: 2 } as const;
    const header = encodeRecord({ ...newer, turns: 1, messages: 2, conversation_turn: 1 });
    const disk = MemoryDisk.holding([...files, [segmentPath(folder, 3), header]]);
    const before = disk.snapshot();
    await expect(openOn(disk)).rejects.toMatchObject({ code: "session-format-unknown" });
    expect(disk.snapshot()).toEqual(before);
  });

  test("a record of an unknown kind is kept", async () => {
    const { files } = await written(["one"]);
    const [[name, whole]] = [...files] as [[string, Buffer]];
    const { encodeRecord } = await import("../../../src/session/journal/journal-record.js");
    const later = encodeRecord({ type: "photograph", sequence: 3, of: "the shed" } as never);
    const disk = MemoryDisk.holding([[name, Buffer.concat([whole, Buffer.from("scratch\n"), later])]]);
    const journal = await openOn(disk);
    expect(journal.report.damage).toHaveLength(1);
    await journal.appendTurn(turn("two"));
    expect(await questions(journal)).toEqual(["one", "two"]);
    expect(disk.snapshot().get(name)?.toString()).toContain("the shed");
  });

  test("unreadable bytes of a device are kept, and count again once they can be read", async () => {
    const { files } = await written(["one", "two"]);
    const disk = MemoryDisk.holding(files);
    const open = disk.open.bind(disk);
    let isFailing = true;
    disk.open = async (file, mode) => {
      const opened = await open(file, mode);
      const isFirst = path.basename(file).includes("0001.jsonl");
      return Object.assign(opened, {
        read: async (buffer: Uint8Array, position: number) => {
          if (isFailing && isFirst) throw Object.assign(new Error("EIO"), { code: "EIO" });
          return ([...files.values()][0] as Buffer).copy(buffer, 0, position, position + buffer.length);
        },
      });
    };
    const journal = await openOn(disk);
    expect(journal.report.notes).toEqual([expect.stringContaining("cannot be read")]);
    expect(disk.snapshot()).toEqual(files);
    isFailing = false;
    disk.open = open;
    await journal.appendTurn(turn("three"));
    expect(await questions(journal)).toEqual(["one", "two", "three"]);
  });
});

async function lineOf(text: string, sequence: number): Promise<Uint8Array> {
  const { encodeRecord } = await import("../../../src/session/journal/journal-record.js");
  return encodeRecord({ type: "turn", sequence, turn: 2, messages: turn(text) });
}
