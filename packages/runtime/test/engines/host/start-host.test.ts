import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { HostedEngine } from "@nanoagent/runtime/engines/llama";
import { describe, expect, onTestFinished, test } from "vitest";
import type { ChosenEngine } from "../../../src/engines/host/host-start.js";
import type { HostLaunch } from "../../../src/engines/host/launch-host.js";
import { ownCodeReservation } from "../../../src/processes/code-reservation.js";
import { readDataLimit } from "../../../src/processes/process-limits.js";

const here = path.dirname(fileURLToPath(import.meta.url));
const moduleUrl = pathToFileURL(path.join(here, "scripted-module.mjs")).href;
const MB = 2 ** 20;
const rounds = process.env.NANOAGENT_SOAK ? 200 : 12;

/** Ids of processes with this text in their environment. */
function marked(mark: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        return readFileSync(`/proc/${name}/environ`, "utf8").includes(mark);
      } catch {
        return false;
      }
    })
    .map(Number);
}

async function until(isSo: () => boolean): Promise<void> {
  for (let look = 0; look < 500 && !isSo(); look++) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(isSo()).toBe(true);
}

function isHost(processId: number): boolean {
  try {
    return readFileSync(`/proc/${processId}/cmdline`, "utf8").startsWith(process.execPath);
  } catch {
    return false;
  }
}

/** Opens an engine that `choose` selects, with a mark in the environment of its process. */
async function openMarked(
  choose: (hosts: () => number[]) => Promise<Partial<ChosenEngine>>,
  limits: HostLaunch = {},
): Promise<{ engine: Promise<HostedEngine>; hosts: () => number[] }> {
  const mark = `NANOAGENT_TEST_MARK=${Math.random()}`;
  const [name = "", value] = mark.split("=");
  process.env[name] = value;
  const hosts = () => marked(mark);
  const engine = HostedEngine.open({
    start: {
      limits,
      source: async () => {
        const chosen = await choose(hosts);
        return { source: { kind: "module", url: moduleUrl, options: { replies: ["Yes."] } }, dataBytes: 0, ...chosen };
      },
    },
  });
  const unmark = () => {
    delete process.env[name];
  };
  engine.then(unmark, unmark);
  return { engine, hosts };
}

describe.skipIf(process.platform !== "linux")("a host whose engine is chosen during startup", () => {
  test("runs before the engine is chosen, and opens what was chosen", async () => {
    const { engine, hosts } = await openMarked(async (hosts) => {
      await until(() => hosts().some(isHost));
      return {};
    });
    const opened = await engine;
    expect(hosts()).toEqual([await opened.processId()]);
    expect(await opened.countTokens("one two")).toBeGreaterThan(0);
    await opened.close();
  });

  const refusal = Object.assign(new Error("it does not fit"), { code: "does-not-fit" });
  test.each([
    ["at once", async () => {}],
    ["once its process exists", (hosts: () => number[]) => until(() => hosts().length > 0)],
    ["once Node runs in it", (hosts: () => number[]) => until(() => hosts().some(isHost))],
    [
      "when its process has exited",
      async (hosts: () => number[]) => {
        await until(() => hosts().length > 0);
        for (const host of hosts()) process.kill(host, "SIGKILL");
        await until(() => hosts().length === 0);
      },
    ],
  ])("leaves no process when the choice fails %s, and throws the error of the choice", async (_, wait) => {
    const { engine, hosts } = await openMarked(async (hosts) => {
      await wait(hosts);
      throw refusal;
    });
    await expect(engine).rejects.toBe(refusal);
    await until(() => hosts().length === 0);
  });

  test.each([
    ["enough", 200, 120, 200],
    ["too little", 120, 200, 200],
  ])(
    "with a limit that turns out to be %s gets at least the limit that it needs",
    async (_, launched, needed, held) => {
      const { engine, hosts } = await openMarked(async () => ({ dataBytes: needed * MB }), {
        dataBytes: launched * MB,
      });
      const opened = await engine;
      const processId = (await opened.processId()) ?? expect.fail("no process");
      expect(hosts()).toEqual([processId]);
      expect(readDataLimit(processId)).toBe(held * MB + ownCodeReservation());
      await opened.close();
    },
  );

  test.each([
    ["a small model", 10, true],
    ["a large one", 500, false],
    ["a missing model", null, true],
  ])("for %s returns freed memory at once, unless that is slow", async (_, megabytes, isFrugal) => {
    const folder = await mkdtemp(path.join(os.tmpdir(), "nanoagent-test-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const modelPath = path.join(folder, "model.gguf");
    if (megabytes !== null) {
      await writeFile(modelPath, "");
      await truncate(modelPath, megabytes * MB);
    }
    const { engine } = await openMarked(async () => ({}), { modelPath });
    const opened = await engine;
    const environment = readFileSync(`/proc/${await opened.processId()}/environ`, "utf8").split("\0");
    await opened.close();
    expect(environment).toContain("MALLOC_ARENA_MAX=1");
    expect(environment.includes("MALLOC_TRIM_THRESHOLD_=65536")).toBe(isFrugal);
  });

  test(`leaves no process when the program is killed while choosing, ${rounds} times at random moments`, async () => {
    const entry = pathToFileURL(path.join(here, "../../../dist/engines/llama.js")).href;
    const program = `
      import { HostedEngine } from ${JSON.stringify(entry)};
      HostedEngine.open({ start: { source: () => { console.log("launched"); return new Promise(() => {}); } } });
      setInterval(() => {}, 1000);`;
    for (let round = 0; round < rounds; round++) {
      const mark = `NANOAGENT_TEST_MARK=${Math.random()}`;
      const [name = "", value] = mark.split("=");
      const env = { ...process.env, [name]: value };
      const child = spawn(process.execPath, ["--input-type=module", "--eval", program], { cwd: here, env });
      await new Promise((resolve) => child.stdout.once("data", resolve));
      await new Promise((resolve) => setTimeout(resolve, (round * 150) / rounds));
      child.kill("SIGKILL");
      await until(() => marked(mark).length === 0);
    }
  });
});
