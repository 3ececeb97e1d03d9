import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { Journal } from "../../../src/session/journal/journal.js";
import { temporaryFolder } from "../../temporary-folder.js";
import { questions } from "./sample-turns.js";

const program = fileURLToPath(new URL("./keep-writing.mjs", import.meta.url));
const kills = process.env.NANOAGENT_SOAK ? 1000 : 100;
const repetitions = process.env.NANOAGENT_SOAK ? 40 : 4;

/** Runs the program and gathers its lines; kills it when it has printed so many and then waited so long. */
async function runAndKill(folder: string, fsync: string, lines: number, milliseconds: number): Promise<string[]> {
  const child = spawn(process.execPath, [program, folder, fsync], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  let isDue = false;
  child.stdout.setEncoding("utf8").on("data", (text) => {
    output += text;
    if (isDue || output.split("\n").length <= lines) return;
    isDue = true;
    setTimeout(() => child.kill("SIGKILL"), milliseconds);
  });
  const [code, signal] = await once(child, "close");
  expect([code, signal]).toEqual([null, "SIGKILL"]);
  return output.split("\n").slice(0, -1);
}

/** What was acknowledged since the last time is there, and at most one turn behind it. Returns how many turns there are. */
async function check(folder: string, known: number, lines: readonly string[]): Promise<number> {
  const saved = lines.filter((line) => line.startsWith("saved")).map((line) => line.slice("saved ".length));
  const journal = await Journal.open(folder);
  const found = await questions(journal, known + 1);
  expect(found.slice(0, saved.length)).toEqual(saved);
  expect(found.length - saved.length).toBeLessThanOrEqual(1);
  expect(journal.report).toMatchObject({ damage: [], missing_turns: 0, notes: [] });
  const { turns } = journal.counts;
  expect(turns).toBe(known + found.length);
  await journal.close();
  return turns;
}

describe.skipIf(process.platform === "win32")("a program that writes", () => {
  test.each(["turn", "batch", "never"])(
    `killed again and again under load (fsync ${"%s"}, ${kills} times in all): every acknowledged turn is there`,
    async (fsync) => {
      const folder = await temporaryFolder();
      let turns = 0;
      for (let kill = 0; kill < kills / 3; kill++) {
        const lines = await runAndKill(folder, fsync, kill % 40, (kill * 7) % 13);
        turns = await check(folder, turns, lines);
      }
      const journal = await Journal.open(folder, { verifyEverything: true });
      expect(await questions(journal)).toEqual(Array.from({ length: turns }, (_, index) => `turn ${index + 1}`));
      expect(journal.report).toMatchObject({ torn_bytes: 0, damage: [], missing_turns: 0 });
      await journal.close();
    },
    900_000,
  );

  test("its lock goes with it, and is held until then", async () => {
    const folder = await temporaryFolder();
    const child = spawn(process.execPath, [program, folder, "never"], { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    await expect(Journal.open(path.join(folder, ".."))).resolves.toBeInstanceOf(Journal);
    await expect(Journal.open(folder)).rejects.toMatchObject({ code: "session-in-use" });
    child.stdout.resume();
    child.kill("SIGKILL");
    await once(child, "close");
    const journal = await Journal.open(folder);
    await expect(Journal.open(`${folder}/.`)).rejects.toMatchObject({ code: "session-in-use" });
    await journal.close();
    await (await Journal.open(folder)).close();
  });
});

/** Runs the program for some turns under strace, which does this to its system calls. */
function runInjected(folder: string, injection: string, turns: number): { lines: string[]; signal: string | null } {
  const call = injection.split(":")[0];
  const log = path.join(folder, "..", `${path.basename(folder)}.strace`);
  const { stdout, signal, status, stderr } = spawnSync(
    "strace",
    [
      "-f",
      "-qq",
      "-o",
      log,
      "-e",
      `trace=${call}`,
      "-e",
      `inject=${injection}`,
      process.execPath,
      program,
      folder,
      "turn",
      String(turns),
    ],
    // strace counts the calls of each thread by itself.
    { encoding: "utf8", env: { ...process.env, UV_THREADPOOL_SIZE: "1" } },
  );
  expect([0, null]).toContain(status);
  expect(stderr).toBe("");
  if (signal === null) expect(readFileSync(log, "utf8")).toContain("INJECTED");
  return { lines: stdout.split("\n").slice(0, -1), signal };
}

const canTrace =
  spawnSync("strace", ["-f", "-qq", "-e", "trace=none", process.execPath, "-e", "0"], { encoding: "utf8" }).status ===
  0;

describe.skipIf(!canTrace)("system calls that fail, by strace", () => {
  const when = Array.from({ length: repetitions }, (_, index) => index + 1);

  test.each(["pwrite64", "fdatasync", "fsync"])(
    "%s kills the program",
    async (call) => {
      for (const nth of when) {
        const folder = await temporaryFolder();
        const { lines, signal } = runInjected(folder, `${call}:signal=KILL:when=${nth}`, 200);
        expect(signal).toBe("SIGKILL");
        await check(folder, 0, lines);
      }
    },
    600_000,
  );

  test.each([
    ["a disk that is full for good", "pwrite64:error=ENOSPC:when=3+", /refused session-not-saved/],
    ["a disk that is full once", "pwrite64:error=ENOSPC:when=3", /refused session-not-saved[\s\S]*saved/],
    ["a write that the device refuses", "pwrite64:error=EIO:when=2", /refused session-not-saved[\s\S]*saved/],
    ["a sync that fails once", "fdatasync:error=EIO:when=3", /refused session-not-saved[\s\S]*saved/],
    ["syncs that fail for good", "fdatasync:error=EIO:when=3+", /refused session-not-saved/],
    ["a folder that cannot be synced", "fsync:error=EIO:when=1", /refused session-not-saved[\s\S]*saved/],
  ])("%s: what was acknowledged is there", async (_, injection, expected) => {
    const folder = await temporaryFolder();
    const { lines } = runInjected(folder, injection, 12);
    expect(lines.join("\n")).toMatch(expected);
    const saved = lines.filter((line) => line.startsWith("saved")).map((line) => line.slice("saved ".length));
    const journal = await Journal.open(folder, { verifyEverything: true });
    const found = await questions(journal);
    expect(found.filter((text) => saved.includes(text))).toEqual(saved);
    await journal.close();
  });

  test("a device that says it wrote what it did not: all else is there, and the report tells", async () => {
    const folder = await temporaryFolder();
    const { lines } = runInjected(folder, "pwrite64:retval=20:when=3", 12);
    expect(lines.filter((line) => line.startsWith("saved"))).toHaveLength(12);
    const journal = await Journal.open(folder, { verifyEverything: true });
    expect(await questions(journal)).toHaveLength(11);
    expect(journal.report).toMatchObject({ damage: [{ quarantine: expect.any(String) }], missing_turns: 1 });
    await journal.close();
  });
});
