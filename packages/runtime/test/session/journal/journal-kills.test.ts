import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { Journal } from "../../../src/session/journal/journal.js";
import { temporaryFolder } from "../../temporary-folder.js";
import { questions } from "./sample-turns.js";

const program = fileURLToPath(new URL("./keep-writing.mjs", import.meta.url));
/** Number of kills, each with three sessions. */
const kills = process.env.NANOAGENT_SOAK ? 1000 : 34;
const repetitions = process.env.NANOAGENT_SOAK ? 40 : 4;
const policies = ["turn", "batch", "never"];

/** Violations of the guarantees, counted over all kills. */
const kept = { lost: 0, wrong: 0, silent: 0 };

/** Runs the program and collects its output. Kills it after this number of lines and a delay. */
async function runAndKill(folder: string, lines: number, milliseconds: number): Promise<string[]> {
  const child = spawn(process.execPath, [program, folder, "Infinity", ...policies], {
    stdio: ["ignore", "pipe", "inherit"],
  });
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

/**
 * Checks that all turns acknowledged since the last check are read, followed by at most one more, and that a call that
 * was about to be made is recorded, with its result or as one that may have happened. Returns the number of turns.
 */
async function check(folder: string, fsync: string, known: number, lines: readonly string[]): Promise<number> {
  const saved = printed(lines, fsync, "saved");
  const journal = await Journal.open(path.join(folder, fsync));
  const found = await questions(journal, known + 1);
  const lost = saved.filter((text) => !found.includes(text)).length;
  kept.lost += lost;
  kept.wrong += found.filter((text, index) => !/^turn \d+$/.test(text) || found.indexOf(text) !== index).length;
  if (lost > 0 && journal.report.missing_turns === 0) kept.silent += 1;
  expect(found.slice(0, saved.length)).toEqual(saved);
  expect(found.length - saved.length).toBeLessThanOrEqual(1);
  const intended = printed(lines, fsync, "act").map((act) => act.slice(act.indexOf(" ") + 1));
  expect(found).toEqual(expect.arrayContaining(intended));
  expect(journal.report).toMatchObject({ damage: [], missing_turns: 0, notes: [] });
  for await (const { messages } of journal.turns(known + 1)) {
    const calls = messages.flatMap(({ tool_calls = [] }) => tool_calls.map(({ id }) => id));
    expect(messages.flatMap(({ tool_call_id = [] }) => tool_call_id)).toEqual(calls);
    expect(messages.at(-1)?.role).toBe("assistant");
  }
  const { turns } = journal.counts;
  expect(turns).toBe(known + found.length);
  await journal.close();
  return turns;
}

/** Returns the program's output after these words. */
function printed(lines: readonly string[], ...words: string[]): string[] {
  const begin = `${words.join(" ")} `;
  return lines.filter((line) => line.startsWith(begin)).map((line) => line.slice(begin.length));
}

describe.skipIf(process.platform === "win32")("a program that writes", () => {
  test(`killed ${kills} times under load, three sessions per kill, loses no acknowledged turn`, async () => {
    const folder = await temporaryFolder();
    const turns = new Map(policies.map((fsync) => [fsync, 0]));
    for (let kill = 0; kill < kills; kill++) {
      const lines = await runAndKill(folder, (3 * kill) % 120, (kill * 7) % 13);
      for (const [fsync, known] of turns) turns.set(fsync, await check(folder, fsync, known, lines));
    }
    for (const [fsync, count] of turns) {
      const journal = await Journal.open(path.join(folder, fsync), { verifyEverything: true });
      expect(await questions(journal)).toEqual(Array.from({ length: count }, (_, index) => `turn ${index + 1}`));
      expect(journal.report).toMatchObject({ torn_bytes: 0, damage: [], missing_turns: 0 });
      await journal.close();
    }
    const { lost, wrong, silent } = kept;
    if (process.env.NANOAGENT_SOAK)
      process.stdout.write(`kill: tried ${kills}, lost ${lost}, wrong ${wrong}, silent ${silent}\n`);
    expect(kept).toEqual({ lost: 0, wrong: 0, silent: 0 });
  }, 1_800_000);

  test("holds its lock until it ends", async () => {
    const folder = await temporaryFolder();
    const child = spawn(process.execPath, [program, folder, "Infinity", "never"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    // Closed again, because a lock on a removed folder would also hold the next folder with the same inode.
    await (await Journal.open(folder)).close();
    const own = path.join(folder, "never");
    await expect(Journal.open(own)).rejects.toMatchObject({ code: "session-in-use" });
    child.stdout.resume();
    child.kill("SIGKILL");
    await once(child, "close");
    const journal = await Journal.open(own);
    await expect(Journal.open(`${own}/.`)).rejects.toMatchObject({ code: "session-in-use" });
    await journal.close();
    await (await Journal.open(own)).close();
  });
});

/** Runs the program for some turns under strace, which injects this fault into its system calls. */
function runInjected(folder: string, injection: string, turns: number): { lines: string[]; signal: string | null } {
  // The faults must not hit the creation of these folders.
  mkdirSync(path.join(folder, "turn"));
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
      String(turns),
      "turn",
    ],
    // strace counts the calls per thread.
    { encoding: "utf8", env: { ...process.env, UV_THREADPOOL_SIZE: "1" } },
  );
  expect(stderr).toBe("");
  expect([0, null]).toContain(status);
  if (signal === null) expect(readFileSync(log, "utf8")).toContain("INJECTED");
  return { lines: stdout.split("\n").slice(0, -1), signal };
}

const canTrace =
  spawnSync("strace", ["-f", "-qq", "-e", "trace=none", process.execPath, "-e", "0"], { encoding: "utf8" }).status ===
  0;

describe.skipIf(!canTrace)("injected faults of system calls", () => {
  const when = Array.from({ length: repetitions }, (_, index) => index + 1);

  test.each(["pwrite64", "fdatasync", "fsync"])(
    "a kill during %s loses no acknowledged turn",
    async (call) => {
      for (const nth of when) {
        const folder = await temporaryFolder();
        const { lines, signal } = runInjected(folder, `${call}:signal=KILL:when=${nth}`, 200);
        expect(signal).toBe("SIGKILL");
        await check(folder, "turn", 0, lines);
      }
    },
    600_000,
  );

  test.each([
    ["a permanently full disk", "pwrite64:error=ENOSPC:when=3+", /refused session-not-saved/],
    ["a temporarily full disk", "pwrite64:error=ENOSPC:when=3", /refused session-not-saved[\s\S]*saved/],
    ["a failed write", "pwrite64:error=EIO:when=2", /refused session-not-saved[\s\S]*saved/],
    ["a failed sync", "fdatasync:error=EIO:when=3", /refused session-not-saved[\s\S]*saved/],
    ["permanently failing syncs", "fdatasync:error=EIO:when=3+", /refused session-not-saved/],
    ["a folder that cannot be synced", "fsync:error=EIO:when=1", /refused session-not-saved[\s\S]*saved/],
  ])("%s loses no acknowledged turn", async (_, injection, expected) => {
    const folder = await temporaryFolder();
    const { lines } = runInjected(folder, injection, 12);
    expect(lines.join("\n")).toMatch(expected);
    const saved = printed(lines, "turn", "saved");
    const journal = await Journal.open(path.join(folder, "turn"), { verifyEverything: true });
    const found = await questions(journal);
    expect(found.filter((text) => saved.includes(text))).toEqual(saved);
    await journal.close();
  });

  test("a device that loses a confirmed write: all other turns are read, and the loss is reported", async () => {
    const folder = await temporaryFolder();
    const { lines } = runInjected(folder, "pwrite64:retval=20:when=3", 12);
    expect(printed(lines, "turn", "saved")).toHaveLength(12);
    const journal = await Journal.open(path.join(folder, "turn"), { verifyEverything: true });
    expect(await questions(journal)).toHaveLength(11);
    expect(journal.report).toMatchObject({ damage: [{ quarantine: expect.any(String) }], missing_turns: 1 });
    await journal.close();
  });
});
