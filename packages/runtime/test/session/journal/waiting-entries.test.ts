import { expect, test } from "vitest";
import { MemoryDisk } from "./memory-disk.js";
import { folder, message, openOn, questions, turn } from "./sample-turns.js";

const call = { id: "call-1", name: "open-valve", arguments: { valve: 3 } };
const asked = [message("user", "open valve 3"), { ...message("assistant", ""), tool_calls: [call] }];

test("a conversation that begins while the end of a turn waits for disk space begins after that turn", async () => {
  const disk = new MemoryDisk();
  const journal = await openOn(disk);
  await journal.recordActStart(call, asked);
  disk.nextFault = () => ({ kind: "ENOSPC", at: 0 });
  expect(await journal.endFailedTurn()).toHaveLength(4);
  expect(await journal.endFailedTurn()).toBeNull();
  await journal.beginConversation();
  await journal.beginConversation();
  expect(journal.lastError).toMatchObject({ code: "session-not-saved" });
  expect(await questions(journal)).toEqual(["open valve 3"]);
  disk.nextFault = () => null;
  await journal.appendTurn(turn("next"));
  expect(journal.counts).toEqual({ turns: 2, messages: 6, conversation_turn: 2 });
  const again = await openOn(disk);
  expect(again.counts).toEqual(journal.counts);
  expect((await again.newestTurns(1000, () => 1)).map((found) => found.turn)).toEqual([2]);
  expect(await questions(again)).toEqual(["open valve 3", "next"]);
});

test("an open act of the last program is repeated in new segments until its turn ends", async () => {
  const disk = new MemoryDisk();
  const { key } = await (await openOn(disk)).recordActStart(call, asked);
  const open = disk.open.bind(disk);
  disk.open = (file, mode) => (mode === "write" ? Promise.reject(new Error("EACCES")) : open(file, mode));
  await openOn(disk);
  const files = disk.snapshot();
  const [name = "", data = Buffer.alloc(0)] = [...files].sort().at(-1) ?? [];
  expect(files.size).toBe(2);
  // The power is cut in the middle of the turn's record.
  const torn = MemoryDisk.holding([...files, [name, data.subarray(0, data.length - 20)]]);
  const again = await openOn(torn);
  expect(again.report.unknown_calls).toEqual([{ key, name: "open-valve" }]);
  expect(await questions(again)).toEqual(["open valve 3"]);
});

test("a call after close is rejected even if the journal is busy", async () => {
  const disk = new MemoryDisk();
  const journal = await openOn(disk);
  const saved = journal.appendTurn(turn("one"));
  const closing = journal.close();
  await expect(journal.appendTurn(turn("two"))).rejects.toMatchObject({ code: "session-closed" });
  expect(await saved).toBeNull();
  await Promise.all([closing, journal.close()]);
  expect(await disk.list(folder)).toHaveLength(1);
});

test.each(["refuse", "deliver"] as const)(
  "a restart of the conversation that fails changes nothing, or delivers: %s",
  async (onWriteError) => {
    const disk = new MemoryDisk();
    const journal = await openOn(disk, { onWriteError });
    await journal.appendTurn(turn("one"));
    disk.nextFault = () => ({ kind: "ENOSPC", at: 0.5 });
    const restarting = journal.restartConversation([turn("two"), turn("three")]);
    const failure = { code: "session-not-saved" };
    if (onWriteError === "deliver") expect(await restarting).toMatchObject(failure);
    else await expect(restarting).rejects.toMatchObject(failure);
    disk.nextFault = () => null;
    const current = async (from: typeof journal) => {
      const found: string[] = [];
      for await (const { messages } of from.conversationTurns()) found.push(messages[0]?.content ?? "");
      return found;
    };
    expect(await current(journal)).toEqual(onWriteError === "deliver" ? [] : ["one"]);
    await journal.appendTurn(turn("four"));
    expect(await current(journal)).toEqual(onWriteError === "deliver" ? ["four"] : ["one", "four"]);
    expect(await current(await openOn(disk))).toEqual(await current(journal));
    expect(await journal.restartConversation([turn("five"), turn("six")])).toBeNull();
    expect(await current(await openOn(disk))).toEqual(["five", "six"]);
    expect(await journal.restartConversation([])).toBeNull();
    expect(await current(await openOn(disk))).toEqual([]);
  },
);
