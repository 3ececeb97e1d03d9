import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { describe, expect, test } from "vitest";
import { EventLog } from "../../../src/triggers/events/event-log.js";
import { readAll, temporaryFolder } from "./open-log.js";

const kills = process.env.NANOAGENT_SOAK ? 500 : 15;

async function buildProgram(folder: string): Promise<string> {
  const program = path.join(folder, "keep-adding.mjs");
  await build({
    entryPoints: [path.join(path.dirname(fileURLToPath(import.meta.url)), "keep-adding.ts")],
    outfile: program,
    bundle: true,
    format: "esm",
    platform: "node",
    conditions: ["@nanoagent/source"],
    logLevel: "error",
  });
  return program;
}

/** Runs the program and kills it some time after this number of lines. Returns what it printed. */
async function runAndKill(program: string, folder: string, lines: number, milliseconds: number): Promise<string[]> {
  const child = spawn(process.execPath, [program, folder], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  let isDue = false;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    if (isDue || output.split("\n").length <= lines) return;
    isDue = true;
    setTimeout(() => child.kill("SIGKILL"), milliseconds);
  });
  const [code, signal] = await once(child, "close");
  expect([code, signal]).toEqual([null, "SIGKILL"]);
  return output.split("\n").slice(0, -1);
}

const idsOf = (lines: readonly string[], word: string) =>
  lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.split(" ")[1] ?? "");

describe.skipIf(process.platform === "win32")("a program that adds events", () => {
  test(`killed ${kills} times loses none that it was told is saved`, async () => {
    const temporary = temporaryFolder();
    const program = await buildProgram(temporary);
    const folder = path.join(temporary, "events");
    let before: string[] = [];
    let total = 0;
    for (let kill = 0; kill < kills; kill++) {
      const lines = await runAndKill(program, folder, (kill * 37) % 150, (kill * 7) % 13);
      const log = await EventLog.open(folder);
      const open = new Map(log.openEvents.map((event) => [event.id, event]));
      const ended = new Set(idsOf(lines, "ended"));
      const kept = idsOf(lines, "kept");
      total += kept.length;
      const acts = new Set(idsOf(lines, "act"));
      for (const id of ended) expect(open.has(id)).toBe(false);
      // An event is open unless its end was saved. The end may have been saved without a word of it.
      for (const id of [...before, ...kept]) {
        if (open.has(id)) {
          if (acts.has(id)) expect(open.get(id)?.acts).toHaveLength(1);
        } else if (!ended.has(id)) expect(acts.has(id)).toBe(true);
      }
      expect(log.notices).toEqual([]);
      before = [...open.keys()];
      const logged = await readAll(folder);
      const ids = logged.map(({ event }) => event.id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(logged.filter(({ outcome }) => outcome === null).map(({ event }) => event.id)).toEqual(before);
      await log.close();
    }
    expect(total).toBeGreaterThan(kills);
  }, 600_000);

  test("holds the folder until it is killed", async () => {
    const temporary = temporaryFolder();
    const program = await buildProgram(temporary);
    const folder = path.join(temporary, "events");
    const child = spawn(process.execPath, [program, folder], { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    await expect(EventLog.open(folder)).rejects.toMatchObject({
      code: "events-in-use",
      reason: expect.stringContaining(`process ${child.pid}`),
    });
    child.stdout.resume();
    child.kill("SIGKILL");
    await once(child, "close");
    await (await EventLog.open(folder)).close();
  });
});
