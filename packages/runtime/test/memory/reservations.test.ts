import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { Reservations } from "../../src/memory/reservations.js";
import { temporaryFolder } from "../temporary-folder.js";

const nothingTaken = async () => 0;

test("two agents see what the other was promised, less what it has taken by now", async () => {
  const folder = await temporaryFolder();
  const [one, other] = [new Reservations(folder), new Reservations(folder)];
  await one.hold(300, null);
  expect(await one.outstandingBytes(nothingTaken)).toBe(0);
  expect(await other.outstandingBytes(nothingTaken)).toBe(300);
  await one.hold(300, 4711);
  expect(await other.outstandingBytes(async (processId) => (processId === 4711 ? 120 : 0))).toBe(180);
  expect(await other.outstandingBytes(async () => 1000)).toBe(0);
  await one.release();
  expect(await other.outstandingBytes(nothingTaken)).toBe(0);
  expect(await readdir(folder)).toEqual([]);
});

test("what a program that is gone has left behind, and what is no reservation, counts for nothing and is removed", async () => {
  const folder = await temporaryFolder();
  const child = spawn(process.execPath, ["--eval", ""]);
  const gone = child.pid;
  await once(child, "close");
  await writeFile(path.join(folder, `${gone}-1.json`), JSON.stringify({ owner: gone, engine: null, bytes: 500 }));
  await writeFile(path.join(folder, "17-1.json"), '{"owner": -1');
  await writeFile(path.join(folder, "18-1.json"), JSON.stringify({ owner: process.pid, engine: "x", bytes: 5 }));
  await writeFile(path.join(folder, "somebody-elses.txt"), "");
  expect(await new Reservations(folder).outstandingBytes(nothingTaken)).toBe(0);
  expect(await readdir(folder)).toEqual(["somebody-elses.txt"]);
});

test("a folder that cannot be written to is no failure", async () => {
  const folder = path.join(await temporaryFolder(), "file");
  await writeFile(folder, "");
  const reservations = new Reservations(path.join(folder, "inside"));
  await reservations.hold(1, null);
  expect(await reservations.outstandingBytes(nothingTaken)).toBe(0);
  await reservations.release();
});
