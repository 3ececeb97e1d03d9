import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, type FSWatcher, watch } from "node:fs";
import { appendFile, readdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { expect, test, vi } from "vitest";
import { runProgram, startProgram } from "../run-program.js";
import { UpdateFolder } from "./update-folder.js";
import { wholeRelease } from "./whole-release.js";

/** More kills, and a table of them: node scripts/systems/bundle-kills.mjs. */
const KILLS = Number(process.env.NANOAGENT_KILLS ?? 12);
const table = process.env.NANOAGENT_SOAK_TABLE;
/** Content that takes a moment to write. */
const LARGE = { "data/large.txt": "x".repeat(2_000_000), "skills/hours.md": "# Hours\n\nWe are open from 9 to 5.\n" };

test(
  `${KILLS} kills of updates leave the old or the new release, which runs, and the update succeeds afterwards`,
  async () => {
    const place = await UpdateFolder.make();
    const { root } = place;
    const counts = { kills: 0, "ended before": 0, old: 0, new: 0, "of rollbacks": 0 };
    const first = performance.now();
    expect((await runProgram(place.applying(await place.bundle(1, LARGE)))).exitCode).toBe(0);
    const duration = performance.now() - first;
    let sequence = 1;
    while (counts.kills < KILLS) {
      const old = await wholeRelease(root);
      sequence += 1;
      // Two bundles that differ in their files take turns.
      const file = await place.bundle(sequence, sequence % 2 === 0 ? {} : LARGE);
      const wasKilled = await killAtRandom(startProgram(place.applying(file)), root, duration);
      counts[wasKilled ? "kills" : "ended before"] += 1;
      const found = await wholeRelease(root);
      expect([old, sequence]).toContain(found);
      if (wasKilled) counts[found === old ? "old" : "new"] += 1;
      await expectToRun(root);
      const retried = await runProgram(place.applying(file));
      expect(retried.exitCode, retried.stdout + retried.stderr).toBe(0);
      expect(JSON.parse(retried.stdout)).toMatchObject({ current: sequence, reason: null });
      expect(await wholeRelease(root)).toBe(sequence);
      const names = (await readdir(root)).filter((name) => name !== "session");
      expect(names.sort()).toEqual(["current", "records", "releases", "state.json"]);
      expect((await readdir(path.join(root, "releases"))).length).toBeLessThanOrEqual(3);
      if (sequence % 6 !== 0) continue;
      const back = ["bundle", "rollback", "--root", root, "--json"];
      if (await killAtRandom(startProgram(back), root, duration / 4)) {
        counts.kills += 1;
        counts["of rollbacks"] += 1;
      }
      expect([old, sequence]).toContain(await wholeRelease(root));
      await expectToRun(root);
    }
    await vi.waitFor(async () => expect(await programsAt(root)).toEqual([]), { timeout: 20_000 });
    if (table !== undefined) await appendFile(table, `${JSON.stringify(counts)}\n`);
    await rm(place.folder, { recursive: true });
  },
  60_000 + KILLS * 60_000,
);

/**
 * Kills a program: after a random time, or in the moment of a random change of the folder. Returns whether it was still running.
 */
async function killAtRandom(child: ChildProcess, root: string, duration: number): Promise<boolean> {
  child.stdout?.resume();
  child.stderr?.resume();
  const kill = () => child.kill("SIGKILL");
  const watchers: FSWatcher[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  if (Math.random() < 0.5) timer = setTimeout(kill, Math.random() * duration);
  else {
    let changes = Math.floor(Math.random() * 40);
    const count = () => {
      changes -= 1;
      if (changes < 0) kill();
    };
    for (const folder of [root, path.join(root, "releases")])
      if (existsSync(folder)) watchers.push(watch(folder, count));
  }
  const [, signal] = await once(child, "close");
  clearTimeout(timer);
  for (const watcher of watchers) watcher.close();
  return signal === "SIGKILL";
}

async function expectToRun(root: string): Promise<void> {
  const config = path.join(root, "current/agent.yaml");
  const { exitCode, stdout, stderr } = await runProgram(["run", "--config", config, "--once", "Hello"]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(stdout).toContain("kiosk");
}

/** Command lines of processes that still work on the folder. */
async function programsAt(root: string): Promise<string[]> {
  if (process.platform !== "linux") return [];
  const lines = await Promise.all(
    (await readdir("/proc"))
      .filter((name) => /^\d+$/.test(name))
      .map((name) => readFile(`/proc/${name}/cmdline`, "utf8").catch(() => "")),
  );
  return lines.filter((line) => line.includes(root));
}
