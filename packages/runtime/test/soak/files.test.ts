import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { readDeviceMeasurement, writeDeviceMeasurement } from "@nanoagent/profiler";
import { afterAll, expect, test } from "vitest";
import { askFileClaim } from "../../src/claims/file-claim.js";
import { StateFile, type StateOwner } from "../../src/engines/llama/state-file.js";
import { toCheckedJson } from "../../src/files/checked-json.js";
import { Reservations } from "../../src/memory/reservations.js";
import { ownIdentity } from "../../src/processes/process-identity.js";
import { MemoryDisk } from "../session/journal/memory-disk.js";
import { openOn, questions, turn } from "../session/journal/sample-turns.js";
import { temporaryFolder } from "../temporary-folder.js";

const isSoak = Boolean(process.env.NANOAGENT_SOAK);
const FLIPS = isSoak ? 1000 : 100;
const CUTS = isSoak ? 300 : 30;
const POWER_CUTS = isSoak ? 1000 : 100;
const FULL_DISKS = isSoak ? 100 : 10;

/** Outcome of reading a damaged file: correct, reported as damaged, or one of the failures. */
type Outcome = "right" | "told" | "lost" | "wrong" | "silent";

const rows: string[] = [];
afterAll(() => {
  if (isSoak) process.stdout.write(`${rows.join("\n")}\n`);
});

/** Adds a row to the table, and expects no lost, wrong or silent outcome. */
function report(name: string, outcomes: readonly Outcome[]): void {
  const count = (kind: Outcome) => outcomes.filter((outcome) => outcome === kind).length;
  const [lost, wrong, silent] = [count("lost"), count("wrong"), count("silent")];
  rows.push(`${name}: tried ${outcomes.length}, lost ${lost}, wrong ${wrong}, silent ${silent}`);
  expect({ name, lost, wrong, silent }).toEqual({ name, lost: 0, wrong: 0, silent: 0 });
}

/** Returns a generator of reproducible numbers from 0 to 1. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Yields damaged copies of a file, with flipped bits and truncated ends, spread over the whole file. */
function* harmed(whole: Buffer): Generator<Buffer> {
  const choose = numbers(whole.length);
  for (let flip = 0; flip < FLIPS; flip++) {
    const bit = Math.floor(choose() * whole.length * 8);
    const copy = Buffer.from(whole);
    copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
    yield copy;
  }
  for (let cut = 0; cut < CUTS; cut++) yield whole.subarray(0, Math.floor((whole.length * cut) / CUTS));
}

/** Reads a file in every damaged form, and once more after it is restored. */
async function harm(name: string, file: string, read: () => Promise<Outcome>): Promise<void> {
  const whole = await readFile(file);
  const outcomes: Outcome[] = [];
  for (const copy of harmed(whole)) {
    await writeFile(file, copy);
    outcomes.push(await read());
  }
  await writeFile(file, whole);
  expect(await read()).toBe("right");
  report(name, outcomes);
}

const owner: StateOwner = { model: "abc", engine_version: "1.0.0", context_tokens: 512, kv_type: "f16" };

test.each(["json", "kv"])("the engine's state in its file .%s", async (ending) => {
  const file = new StateFile(path.join(await temporaryFolder(), "state"));
  const data = Buffer.from("what native code wrote ".repeat(100));
  const content = { tokens: 100, text: "hello, my name is Bob", marks: [{ characters: 5, tokens: 90 }] };
  await file.save({ ...content, owner, maxBytes: 2 ** 20 }, async (to) => {
    await writeFile(to, data);
    return data.length;
  });
  await harm(`state .${ending}`, `${file.path}.${ending}`, async () => {
    const found = await file.find(owner);
    if (found === null) return "told";
    const { file: saved, ...rest } = found;
    const isRight = JSON.stringify(rest) === JSON.stringify(content) && data.equals(await readFile(saved));
    return isRight ? "right" : "wrong";
  });
});

test("the device's measurement with rates", async () => {
  const file = path.join(await temporaryFolder(), "device-measurement.json");
  const { measurement: right } = await writeDeviceMeasurement(
    { engine_version: "1", bandwidth: [{ threads: 2, per_second: 9.25, spread: 0.5 }], contention: 0.25 },
    { path: file },
  );
  await harm("measurement", file, async () => {
    const { measurement, ignored } = await readDeviceMeasurement({ path: file });
    if (measurement === null) return ignored === null ? "silent" : "told";
    return JSON.stringify(measurement) === JSON.stringify(right) ? "right" : "wrong";
  });
});

test("a reservation of memory", async () => {
  const folder = await temporaryFolder();
  await new Reservations(folder).hold({ bytes: 500, engine: null, limit: null });
  const [name = ""] = (await readdir(folder)).filter((entry) => entry.endsWith(".json"));
  await harm("reservation", path.join(folder, name), async () => {
    const { onMachine: bytes } = await new Reservations(folder).outstanding(null, async () => 0);
    return bytes === 500 ? "right" : bytes === 0 ? "told" : "wrong";
  });
});

test("the claim of a folder", async () => {
  const file = path.join(await temporaryFolder(), "lock-0123456789abcdef.claim");
  await writeFile(file, toCheckedJson({ ...ownIdentity(), name: "y", holds: true, beats: 1 }));
  await harm("claim", file, async () => {
    // An unreadable claim is waited for, and its owner updates it.
    const claim = await askFileClaim(file, { isShared: true, beat: 0 });
    if (claim.state === "gone") return "told";
    return claim.owner?.pid === process.pid && claim.owner.name === "y" ? "right" : "wrong";
  });
});

test("a session's segments: each turn is read unchanged, or reported as damaged or missing", async () => {
  const healthy = new MemoryDisk();
  const first = await openOn(healthy, { segmentBytes: 1500 });
  const said = Array.from({ length: 40 }, (_, index) => `turn ${index + 1}`);
  for (const text of said) await first.appendTurn(turn(text));
  await first.close();
  const files = healthy.snapshot();
  const names = [...files.keys()].sort();
  const outcomes: Outcome[] = [];
  for (const name of names) {
    const whole = files.get(name) as Buffer;
    for (const copy of harmed(whole)) {
      // Missing records at the end of the newest file cannot be detected.
      if (name === names.at(-1) && copy.length < whole.length) continue;
      const journal = await openOn(MemoryDisk.holding(new Map(files).set(name, copy)));
      const found = await questions(journal);
      const { damage, missing_turns, torn_bytes, notes } = journal.report;
      const isTold = damage.length + missing_turns + torn_bytes + notes.length > 0;
      const isRight = found.every((text) => said.includes(text)) && new Set(found).size === found.length;
      outcomes.push(!isRight ? "wrong" : found.length === said.length ? "right" : isTold ? "told" : "silent");
    }
  }
  report("session", outcomes);
}, 600_000);

test("a session after a power cut: acknowledged turns are read", async () => {
  const choose = numbers(1);
  const outcomes: Outcome[] = [];
  for (let cut = 0; cut < POWER_CUTS; cut++) {
    const disk = new MemoryDisk();
    const journal = await openOn(disk, { segmentBytes: 600 });
    const saved: string[] = [];
    const turns = 1 + Math.floor(choose() * 12);
    for (let number = 1; number <= turns; number++) {
      await journal.appendTurn(turn(`turn ${number}`));
      saved.push(`turn ${number}`);
    }
    // One more turn is in progress.
    const last = journal.appendTurn(turn("not acknowledged"));
    if (choose() < 0.5) await Promise.resolve();
    disk.cutPower(choose);
    await last.catch(() => {});
    disk.cutPower(() => 0);
    const found = await questions(await openOn(disk));
    const isThere = saved.every((text, index) => found[index] === text);
    const isMore = found.slice(saved.length).every((text) => text === "not acknowledged");
    outcomes.push(!isThere ? "lost" : isMore ? "right" : "wrong");
  }
  report("power cut", outcomes);
}, 600_000);

test("a session on a disk that becomes full: it fails with a reason and keeps acknowledged turns", async () => {
  const outcomes: Outcome[] = [];
  for (let point = 0; point < FULL_DISKS; point++) {
    const disk = new MemoryDisk();
    const journal = await openOn(disk, { segmentBytes: 700 });
    let operations = 0;
    disk.nextFault = () => (operations++ >= point ? { kind: "ENOSPC", at: (point % 10) / 10 } : null);
    const saved: string[] = [];
    let refused = 0;
    for (let number = 1; number <= 80; number++) {
      await journal.appendTurn(turn(`turn ${number}`)).then(
        () => saved.push(`turn ${number}`),
        (error) => {
          refused += 1;
          expect(error).toMatchObject({ code: "session-not-saved" });
        },
      );
    }
    disk.nextFault = () => null;
    await journal.appendTurn(turn("room again"));
    saved.push("room again");
    await journal.close();
    const found = await questions(await openOn(disk, { verifyEverything: true }));
    const isThere = saved.every((text) => found.includes(text));
    outcomes.push(isThere ? (refused > 0 ? "told" : "silent") : "lost");
  }
  report("full disk", outcomes);
}, 600_000);
