import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { historyFile, InputHistory } from "../../src/input/input-history.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "nanoagent-history-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function keep(file: string, ...messages: string[]): Promise<void> {
  const history = await InputHistory.open(file);
  for (const message of messages) history.add(message);
  await history.close();
}

test("messages are there in the next session, those of several lines as well", async () => {
  const file = path.join(folder, "a/b/history.jsonl");
  await keep(file, "one", "two\nlines");
  await keep(file, "three");
  expect((await InputHistory.open(file)).messages).toEqual(["one", "two\nlines", "three"]);
  if (process.platform !== "win32") expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test("a file that others could read is closed to them", async () => {
  const file = path.join(folder, "open.jsonl");
  await keep(file, "one");
  await chmod(file, 0o644);
  await InputHistory.open(file);
  if (process.platform !== "win32") expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test("messages that begin with a space, are empty or very long are not kept", async () => {
  const file = path.join(folder, "some.jsonl");
  await keep(file, " secret", "", "x".repeat(5000), "kept");
  expect(JSON.parse(await readFile(file, "utf8"))).toBe("kept");
});

test("the file is bounded", async () => {
  const file = path.join(folder, "large.jsonl");
  const lines = Array.from({ length: 3000 }, (_, index) => JSON.stringify(`${index} ${"x".repeat(300)}`));
  await writeFile(file, `${lines.join("\n")}\n`);
  const { messages } = await InputHistory.open(file);
  expect(messages).toHaveLength(1000);
  expect(messages.at(-1)).toMatch(/^2999 /);
  expect((await readFile(file, "utf8")).trim().split("\n")).toHaveLength(1000);
});

test("only damaged lines are lost, and a missing file is an empty history", async () => {
  const file = path.join(folder, "damaged.jsonl");
  await writeFile(file, '"one"\n{"two"\n3\n"four"\n"fi');
  expect((await InputHistory.open(file)).messages).toEqual(["one", "four"]);
  expect((await InputHistory.open(path.join(folder, "none"))).messages).toEqual([]);
  const unwritable = await InputHistory.open("/proc/nothing/history.jsonl");
  unwritable.add("lost");
  await unwritable.close();
});

test.each([
  [{ XDG_STATE_HOME: "/var/state", HOME: "/home/a" }, "linux", "/var/state/nanoagent/history.jsonl"],
  [{ XDG_STATE_HOME: "relative", HOME: "/home/a" }, "linux", "/home/a/.local/state/nanoagent/history.jsonl"],
  [{}, "linux", null],
] as const)("its place for %j on %s is %s", (environment, platform, file) => {
  expect(historyFile(environment, platform)).toBe(file);
});
