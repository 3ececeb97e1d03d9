import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { buildTinyGguf } from "@nanoagent/optimizer/testing";
import { addonPackage } from "@nanoagent/runtime/engines/llama";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repository } from "./run-program.js";

const main = path.join(repository, "packages/cli/dist/main.js");
const hasAddon = await import(/* @vite-ignore */ addonPackage()).then(
  () => true,
  () => false,
);
/** Runs on one processor, because threads that wait for each other are slow on a busy machine. */
const canPin = spawnSync("taskset", ["-c", "0", "true"]).status === 0;
/** Longest calibration of a tiny model, which takes a few seconds. */
const LONGEST_MILLISECONDS = 20_000;

let folder: string;
let model: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "nanoagent-calibrate-"));
  model = path.join(folder, "tiny.gguf");
  await writeFile(model, buildTinyGguf({ contextTokens: 8192, vocabularySize: 2048 }));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function start(state: string): ChildProcess {
  return spawn("taskset", ["-c", "0", process.execPath, main, "optimize", "--calibrate", model], {
    env: { ...process.env, XDG_STATE_HOME: state },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: LONGEST_MILLISECONDS,
  });
}

async function ended(child: ChildProcess): Promise<{ code: number | null; signal: string | null; stderr: string }> {
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  child.stdout?.resume();
  const [code, signal] = await once(child, "close");
  return { code, signal, stderr };
}

const calibrations = (state: string) => path.join(state, "nanoagent", "calibration");

describe.skipIf(!hasAddon || !canPin)("optimize --calibrate", () => {
  test.each(["SIGKILL", "SIGINT"] as const)(
    "interrupted by %s leaves only files that the next one removes",
    async (signal) => {
      const state = path.join(folder, signal);
      const first = start(state);
      const wait = ended(first);
      await expect
        .poll(() => existsSync(path.join(calibrations(state), "q8_0.gguf")), { timeout: 20_000, interval: 5 })
        .toBe(true);
      first.kill("SIGSTOP");
      const second = await ended(start(state));
      expect(second).toMatchObject({ code: 1, stderr: expect.stringContaining("Another calibration") });
      first.kill(signal);
      first.kill("SIGCONT");
      await wait;
      if (signal === "SIGINT") expect(existsSync(calibrations(state))).toBe(false);
      else expect(await readdir(calibrations(state))).not.toEqual([]);
      expect(await ended(start(state))).toMatchObject({ code: 0 });
      expect(existsSync(calibrations(state))).toBe(false);
    },
  );

  test("ends at once with a hint if the folder cannot be created", async () => {
    const state = path.join(folder, "file");
    await mkdir(state);
    await writeFile(path.join(state, "nanoagent"), "");
    const { code, stderr } = await ended(start(state));
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("XDG_STATE_HOME") });
  });

  const canMount =
    process.platform === "linux" && process.getuid?.() === 0 && spawnSync("unshare", ["-m", "true"]).status === 0;

  // From no space at all to space for some of the files.
  test.skipIf(!canMount).each([4, 16, 64, 128, 512])(
    "on a tmpfs of %i KB succeeds or ends with an error",
    async (kilobytes) => {
      const state = path.join(folder, `tmpfs-${kilobytes}`);
      await mkdir(state);
      const script = `mount -t tmpfs -o size=${kilobytes}k tmpfs "$1" && taskset -c 0 "$2" "$3" optimize --calibrate "$4"; code=$?; ls -A "$1/nanoagent"; exit $code`;
      const child = spawn("unshare", ["-m", "sh", "-c", script, "sh", state, process.execPath, main, model], {
        env: { ...process.env, XDG_STATE_HOME: state },
        stdio: ["ignore", "pipe", "pipe"],
        timeout: LONGEST_MILLISECONDS,
      });
      let left = "";
      child.stdout?.on("data", (text) => {
        left += text;
      });
      const { code, signal, stderr } = await ended(child);
      expect(signal).toBeNull();
      expect([0, 1]).toContain(code);
      if (code === 1) expect(stderr).toMatch(/XDG_STATE_HOME/);
      expect(left).not.toMatch(/^calibration$/m);
    },
  );
});
