import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { claimFolder } from "@nanoagent/runtime/node";
import { describe, expect, onTestFinished, test } from "vitest";
import { toCheckedJson } from "../../../runtime/src/files/checked-json.js";
import { chooseRemoved, pruneConversations } from "../../src/conversations/prune-conversations.js";

const DAY = 24 * 60 * 60 * 1000;
const now = Date.UTC(2026, 10, 29);
const folder = (name: string, daysAgo: number, megabytes = 1) => ({
  name,
  bytes: megabytes * 2 ** 20,
  usedAt: now - daysAgo * DAY,
});
const nothingOpen = { now, isOpen: () => false };

describe("which conversations are removed", () => {
  test("the oldest beyond the size", () => {
    const folders = [folder("new", 1), folder("old", 3), folder("middle", 2)];
    expect(chooseRemoved(folders, { max_mb: 2 }, nothingOpen)).toEqual(["old"]);
    expect(chooseRemoved(folders, { max_mb: 3 }, nothingOpen)).toEqual([]);
  });

  test("never an open one, which still counts", () => {
    const folders = [folder("new", 1), folder("old", 3), folder("middle", 2)];
    expect(chooseRemoved(folders, { max_mb: 2 }, { now, isOpen: (name) => name === "old" })).toEqual(["middle"]);
  });

  test("those that are too old", () => {
    const folders = [folder("new", 1), folder("old", 40), folder("middle", 29)];
    expect(chooseRemoved(folders, { max_days: 30 }, nothingOpen)).toEqual(["old"]);
  });

  test("none by age if only a clock of today says so", () => {
    expect(chooseRemoved([folder("a", 400), folder("b", 390)], { max_days: 30 }, nothingOpen)).toEqual([]);
    expect(chooseRemoved([folder("a", 400), folder("b", 0.5)], { max_days: 30 }, nothingOpen)).toEqual([]);
    expect(chooseRemoved([folder("a", 400), folder("b", -20)], { max_days: 30 }, nothingOpen)).toEqual([]);
    const unset = { now: 5 * DAY, isOpen: () => false };
    expect(chooseRemoved([{ name: "a", bytes: 1, usedAt: 0 }], { max_days: 1 }, unset)).toEqual([]);
  });

  test("all but the newest if each is too large", () => {
    const folders = [folder("new", 1, 5), folder("old", 3, 5)];
    expect(chooseRemoved(folders, { max_mb: 6 }, nothingOpen)).toEqual(["old"]);
  });
});

describe("on disk", () => {
  async function sessions(): Promise<string> {
    const dir = await mkdtemp(path.join(os.tmpdir(), "nanoagent-test-"));
    onTestFinished(() => rm(dir, { recursive: true, force: true }));
    return dir;
  }

  async function store(
    dir: string,
    name: string,
    daysAgo: number,
    files: readonly string[] = ["journal-0000000000000001.jsonl"],
  ) {
    await mkdir(path.join(dir, name), { recursive: true });
    for (const file of files) {
      const place = path.join(dir, name, file);
      await writeFile(place, "x".repeat(2 ** 20));
      const at = new Date(Date.now() - daysAgo * DAY);
      await utimes(place, at, at);
    }
  }

  /** Makes a conversation that a newer version wrote. */
  async function storeNewer(dir: string, name: string, daysAgo: number, segment = "journal-0000000000000001.jsonl") {
    await store(dir, name, daysAgo, [segment]);
    const place = path.join(dir, name, segment);
    await writeFile(place, `${toCheckedJson({ type: "segment", format: 99 })}\n${"x".repeat(2 ** 20)}`);
    const at = new Date(Date.now() - daysAgo * DAY);
    await utimes(place, at, at);
  }

  const pruneAll = async (dir: string, isOpen: (name: string) => boolean = () => false) => {
    const removed: string[] = [];
    const kept: string[] = [];
    const onRemove = (name: string) => void removed.push(name);
    const onNewer = (names: readonly string[]) => void kept.push(...names);
    await pruneConversations(dir, { max_mb: 2, max_days: 30 }, { now: Date.now(), isOpen, onRemove, onNewer });
    return { removed, kept };
  };
  const prune = async (dir: string, isOpen?: (name: string) => boolean) => (await pruneAll(dir, isOpen)).removed;

  test("the oldest are removed, and everything that is not a conversation is left alone", async () => {
    const dir = await sessions();
    await store(dir, ".", 90, ["journal-0000000000000001.jsonl", "engine-state"]);
    await store(dir, "quarantine", 90, ["journal-0000000000000001-5-10.bin"]);
    await store(dir, "notes", 90, ["journal-0000000000000001.jsonl", "letter.txt"]);
    await store(dir, "empty", 90, []);
    await store(dir, "old", 40);
    await store(dir, "middle", 5);
    await store(dir, "new", 2);
    await store(dir, "newest", 1);
    expect((await prune(dir)).sort()).toEqual(["middle", "old"]);
    expect((await readdir(dir)).sort()).toEqual([
      "empty",
      "engine-state",
      "journal-0000000000000001.jsonl",
      "new",
      "newest",
      "notes",
      "quarantine",
    ]);
  });

  test("a conversation that another program uses stays", async () => {
    const dir = await sessions();
    await store(dir, "old", 5);
    await store(dir, "new", 2, ["journal-0000000000000001.jsonl", "journal-0000000000000002.jsonl"]);
    const claim = await claimFolder(path.join(dir, "old"), "another program");
    await prune(dir);
    expect((await readdir(dir)).sort()).toEqual(["new", "old"]);
    await claim.release();
    await prune(dir);
    expect(await readdir(dir)).toEqual(["new"]);
  });

  test("conversations of a newer format stay, and drive out no others", async () => {
    const dir = await sessions();
    await storeNewer(dir, "newer-oldest", 60);
    await storeNewer(dir, "newer-middle", 5);
    // Its first segment has a known format.
    await store(dir, "newer-later", 50);
    await storeNewer(dir, "newer-later", 50, "journal-0000000000000009.jsonl");
    await store(dir, "old", 40);
    await store(dir, "middle", 4);
    await store(dir, "new", 2);
    const { removed, kept } = await pruneAll(dir);
    expect(removed).toEqual(["old"]);
    expect(kept.sort()).toEqual(["newer-later", "newer-middle", "newer-oldest"]);
    expect((await readdir(dir)).sort()).toEqual(["middle", "new", ...kept]);
    // Nothing in them has changed, either.
    expect(await readdir(path.join(dir, "newer-oldest"))).toEqual(["journal-0000000000000001.jsonl"]);
  });

  test("a removal that was cut short is finished the next time", async () => {
    const dir = await sessions();
    await store(dir, "conversation-00.removed", 0, ["lock-0000000000000000.claim"]);
    await prune(dir);
    expect(await readdir(dir)).toEqual([]);
  });

  test("a missing folder has nothing to remove", async () => {
    expect(await prune(path.join(await sessions(), "missing"))).toEqual([]);
  });
});
