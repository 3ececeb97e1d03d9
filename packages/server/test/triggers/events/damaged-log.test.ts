import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeLine } from "../../../../runtime/src/session/journal/checked-line.js";
import { decodeStoredLine } from "../../../src/triggers/events/stored-line.js";
import { end, folder, keep, MemoryDisk, newEvent, openOn, readAll, rule, start } from "./open-log.js";

/** Returns the files of a log with many segments, and the ids of its open events. */
async function written(segmentBytes = 1500): Promise<{ files: Map<string, Buffer>; open: string[]; all: string[] }> {
  const disk = new MemoryDisk();
  const log = await openOn(disk, { segmentBytes });
  const all: string[] = [];
  for (let count = 0; count < 30; count++) {
    const id = await keep(log, count);
    all.push(id);
    if (count % 5 > 0) await end(log, id);
  }
  const open = log.openEvents.map(({ id }) => id);
  await log.close();
  return { files: disk.snapshot(), open, all };
}

/** Returns the files with the newest one changed. */
function withNewest(files: ReadonlyMap<string, Buffer>, change: (text: string) => string): Map<string, Buffer> {
  const newest = [...files.keys()].sort().at(-1) ?? "";
  return new Map(files).set(newest, Buffer.from(change(files.get(newest)?.toString() ?? "")));
}

describe("damage", () => {
  test("of a line costs that record alone, and is reported", async () => {
    const { files } = await written(2 ** 20);
    const disk = MemoryDisk.holding(withNewest(files, (text) => text.replace('"payload":10', '"payload":11')));
    const log = await openOn(disk);
    expect(log.openEvents.map(({ payload }) => payload)).toEqual([0, 5, 15, 20, 25]);
    expect(log.notices).toEqual([expect.stringContaining("Skipped 1 damaged line of")]);
    // Later records are in a new segment.
    const id = await keep(log, "new");
    await log.close();
    const again = await openOn(disk);
    expect(again.notices).toEqual([]);
    expect(again.openEvents.at(-1)?.id).toBe(id);
    await again.close();
  });

  test("of an unfinished write at the end is cut off", async () => {
    const { files, open } = await written(2 ** 20);
    const disk = MemoryDisk.holding(withNewest(files, (text) => `${text}{"seq":99,"type":"event","pay`));
    const log = await openOn(disk);
    expect(log.notices).toEqual([expect.stringContaining("Ignored 29 bytes of an unfinished write")]);
    const id = await keep(log, "new");
    await log.close();
    expect(await disk.list(folder)).toHaveLength(1);
    const again = await openOn(disk);
    expect(again.notices).toEqual([]);
    expect(again.openEvents.map((event) => event.id)).toEqual([...open, id]);
    await again.close();
  });

  test.each([
    ["the header", (text: string) => text.replace('"format":1', '"format":x')],
    ["an open event of the snapshot", (text: string) => text.replace('"payload":5', '"payload":6')],
    ["the end of the snapshot", (text: string) => text.replace('"snapshot-end"', '"snapshot-enD"')],
    ["everything", () => ""],
    ["everything but a torn header", (text: string) => text.slice(0, 20)],
  ])("of the newest snapshot costs nothing: %s", async (_, change) => {
    const { files } = await written();
    expect(files.size).toBeGreaterThan(3);
    const before = await openOn(MemoryDisk.holding(files));
    const names = [...files.keys()].sort();
    const text = files.get(names.at(-1) ?? "")?.toString() ?? "";
    const damaged = change(text);
    expect(damaged).not.toBe(text);
    const disk = MemoryDisk.holding(withNewest(files, change));
    const log = await openOn(disk);
    const open = log.openEvents.map(({ payload }) => payload);
    // The records after the snapshot are lost only where the whole file is.
    if (damaged.length > 100) {
      expect(open).toEqual(before.openEvents.map(({ payload }) => payload));
      expect(log.countsOf("bed")).toMatchObject({ open: 6 });
      expect(log.notices).toHaveLength(1);
    } else {
      expect(open).toEqual(expect.arrayContaining([0, 5, 10, 15, 20]));
    }
    await keep(log, "new");
    await log.close();
    const again = await openOn(disk);
    expect(again.openEvents.map(({ payload }) => payload)).toEqual([...open, "new"]);
    expect(again.notices).toEqual([]);
    await again.close();
    await before.close();
  });

  test("of any bytes of any file never throws, and leaves the log usable", async () => {
    const { files, all } = await written();
    const names = [...files.keys()].sort();
    const change = fc.record({
      file: fc.nat(names.length - 1),
      at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      bytes: fc.uint8Array({ minLength: 0, maxLength: 40 }),
      kind: fc.constantFrom("overwrite", "insert", "cut", "remove"),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        const damaged = new Map(files);
        for (const { file, at, bytes, kind } of changes) {
          const name = names[file] ?? "";
          const data = damaged.get(name);
          if (data === undefined) continue;
          const offset = Math.floor(at * data.length);
          if (kind === "remove") damaged.delete(name);
          else if (kind === "cut") damaged.set(name, data.subarray(0, offset));
          else {
            const rest = data.subarray(kind === "insert" ? offset : offset + bytes.length);
            damaged.set(name, Buffer.concat([data.subarray(0, offset), bytes, rest]));
          }
        }
        const disk = MemoryDisk.holding(damaged);
        const logged = await readAll(folder, disk);
        expect(logged.every(({ event }) => all.includes(event.id))).toBe(true);
        const log = await openOn(disk);
        expect(log.openEvents.every(({ id }) => all.includes(id))).toBe(true);
        const id = await keep(log, "new");
        await log.close();
        const again = await openOn(disk);
        expect(again.find(id)?.payload).toBe("new");
        await again.close();
      }),
      { numRuns: 200 },
    );
  }, 60_000);

  test("by the device that cannot read a file is reported", async () => {
    const { files } = await written(2 ** 20);
    const disk = MemoryDisk.holding(files);
    const open = disk.open.bind(disk);
    disk.open = async (file, mode) =>
      Object.assign(await open(file, mode), {
        read: async () => {
          if (mode === "read") throw Object.assign(new Error("EIO"), { code: "EIO" });
          return 0;
        },
      });
    const log = await openOn(disk);
    expect(log.openEvents).toEqual([]);
    expect(log.notices).toHaveLength(1);
    disk.open = open;
    await keep(log, "new");
    await log.close();
    const again = await openOn(disk);
    expect(again.openEvents.map(({ payload }) => payload)).toEqual(["new"]);
    await again.close();
  });
});

describe("failing saves", () => {
  const failing = { kind: "ENOSPC", at: 0 } as const;

  test("keep facts in memory, which the next save writes", async () => {
    const disk = new MemoryDisk();
    const log = await openOn(disk);
    const [one, two] = [await keep(log, 1), await keep(log, 2)];
    const key = `${two}.do`;
    await log.append({ type: "act", event: two, key, kind: "tool", tool: "t", arguments: 1, try: 1, at: start });
    disk.nextFault = () => failing;
    const notSaved = { code: "events-not-saved", reason: expect.stringContaining("ENOSPC") };
    await expect(end(log, one)).rejects.toMatchObject(notSaved);
    const result = { type: "act-result", event: two, key, outcome: "done", content: "ok", at: start } as const;
    await expect(log.append(result)).rejects.toMatchObject(notSaved);
    const again = { type: "act", event: two, key, kind: "tool", tool: "t", arguments: 2, try: 2, at: start } as const;
    await expect(log.append(again)).rejects.toMatchObject(notSaved);
    expect(log.openEvents.map(({ id, answer, tries }) => [id, answer, tries])).toEqual([[two, "ok", 1]]);
    expect(log.problem).toMatchObject(notSaved);
    disk.nextFault = () => null;
    // The same fact again waits for the first.
    await end(log, one);
    expect(log.problem).toBeNull();
    const saved = MemoryDisk.holding(disk.snapshot());
    const other = await openOn(saved);
    expect(other.openEvents).toEqual(log.openEvents);
    expect(await readAll(folder, saved)).toMatchObject([
      { event: { id: one }, outcome: "done", result: "ok" },
      { event: { id: two }, acts: [{ outcome: "done" }], outcome: null },
    ]);
    await other.close();
    await log.close();
  });

  test("on a full disk remove old segments before anything is refused", async () => {
    const { files, open } = await written();
    const disk = MemoryDisk.holding(files);
    const log = await openOn(disk, { segmentBytes: 1 });
    let room = 3;
    const remove = disk.remove.bind(disk);
    disk.remove = async (file) => {
      room += 1;
      await remove(file);
    };
    const create = disk.open.bind(disk);
    disk.open = async (file, mode) => {
      if (mode === "create" && room-- <= 0) throw Object.assign(new Error("ENOSPC"), { code: "ENOSPC" });
      return create(file, mode);
    };
    const added: string[] = [];
    for (let count = 0; count < 12; count++) added.push(await keep(log, `x${count}`));
    expect(log.openEvents.map(({ id }) => id)).toEqual([...open, ...added]);
    await log.close();
    const again = await openOn(disk);
    expect(again.openEvents.map(({ id }) => id)).toEqual([...open, ...added]);
    await again.close();
  });

  test("that leave a new segment behind do not lose what follows", async () => {
    const disk = new MemoryDisk();
    const log = await openOn(disk, { segmentBytes: 1 });
    await keep(log, 0);
    await keep(log, 1);
    const remove = disk.remove.bind(disk);
    disk.remove = async () => {
      throw Object.assign(new Error("EIO"), { code: "EIO" });
    };
    // The new segment is written, but its folder cannot be synced, and it cannot be removed.
    const sync = disk.syncFolder.bind(disk);
    disk.syncFolder = async () => {
      throw Object.assign(new Error("EIO"), { code: "EIO" });
    };
    const refused = await log.add(newEvent(2), rule);
    expect(refused).toEqual({ status: "refused", reason: "not-saved" });
    disk.syncFolder = sync;
    disk.remove = remove;
    const id = await keep(log, 3);
    await log.close();
    const again = await openOn(disk);
    expect(again.openEvents.map(({ payload }) => payload)).toEqual([0, 1, 3]);
    expect(again.find(id)).not.toBeNull();
    await again.close();
  });
});

describe("a line", () => {
  test("of any JSON with a valid checksum is a record or skipped", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom("seq", "type", "event", "trigger", "at", "counts"), fc.jsonValue()),
        (value) => {
          const line = decodeStoredLine(encodeLine(value).subarray(0, -1));
          expect(line).not.toBeNull();
        },
      ),
    );
  });

  test("of another version is skipped and reported", async () => {
    const { files, open } = await written(2 ** 20);
    const line = Buffer.from(encodeLine({ seq: 900, type: "mood", trigger: "bed" })).toString();
    const disk = MemoryDisk.holding(withNewest(files, (text) => text + line));
    const log = await openOn(disk);
    expect(log.notices).toEqual([expect.stringContaining("Ignored 1 line from another version")]);
    expect(log.openEvents.map(({ id }) => id)).toEqual(open);
    await log.close();
  });
});
