import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { buildTinyGguf } from "@nanoagent/optimizer/testing";
import { findMemoryCgroup, LocalMachine } from "@nanoagent/profiler";
import { addonPackage } from "@nanoagent/runtime/engines/llama";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { program } from "./run-program.js";

const MB = 2 ** 20;
const TURNS = 50;

const own = await findMemoryCgroup(new LocalMachine());
const hasAddon = await import(/* @vite-ignore */ addonPackage()).then(
  () => true,
  () => false,
);
const files =
  own?.version === 2
    ? { limit: "memory.max", peak: "memory.peak", kills: "memory.events" }
    : { limit: "memory.limit_in_bytes", peak: "memory.max_usage_in_bytes", kills: "memory.oom_control" };

/** Creates a cgroup with a limit below that of this process. Returns null if that is not allowed. */
function makeGroup(limitMb: number): string | null {
  const parent = own?.levels[0]?.directory;
  if (parent === undefined) return null;
  const group = path.join(parent, `nanoagent-test-${process.pid}-${Math.floor(Math.random() * 1e6)}`);
  try {
    mkdirSync(group);
    writeFileSync(path.join(group, files.limit), String(limitMb * MB));
    if (!existsSync(path.join(group, files.peak))) throw new Error("no peak is reported");
    return group;
  } catch {
    if (existsSync(group)) rmdirSync(group);
    return null;
  }
}

const probe = makeGroup(64);
if (probe !== null) rmdirSync(probe);

/** Starts the program, with all its children, in a cgroup with a limit. */
async function startIn(group: string, configFile: string) {
  const enter = 'echo $$ > "$0" && exec "$@"';
  const args = [path.join(group, "cgroup.procs"), process.execPath, program, "run", "--config", configFile, "--jsonl"];
  const child = spawn("/bin/sh", ["-c", enter, ...args], { stdio: ["pipe", "pipe", "pipe"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let told = "";
  child.stderr.on("data", (text) => {
    told += text;
  });
  onTestFinished(async () => {
    child.stdin.end();
    if (child.exitCode === null) await once(child, "close");
    await removeGroup(group);
  });
  return {
    told: () => told,
    async ask(content: string) {
      child.stdin.write(`${JSON.stringify({ content, sampling: { max_tokens: 8 } })}\n`);
      const { value, done } = await lines.next();
      if (done) expect.fail(`The program has ended: ${told}`);
      return JSON.parse(value) as { role?: string; error?: { code: string } };
    },
  };
}

async function removeGroup(group: string): Promise<void> {
  for (let attempt = 0; attempt < 50 && existsSync(group); attempt++) {
    try {
      rmdirSync(group);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

const read = (group: string, name: keyof typeof files) => readFileSync(path.join(group, files[name]), "utf8");
const kills = (group: string) => Number(/^oom_kill (\d+)$/m.exec(read(group, "kills"))?.[1] ?? 0);

describe.skipIf(probe === null || !hasAddon)("under a kernel limit (needs root, and llama.cpp's package)", () => {
  let folder: string;
  const models: [name: string, budgetMb: number, file: string][] = [["a model of random weights", 160, ""]];
  if (process.env.NANOAGENT_TEST_MODEL) models.push(["a real model", 300, process.env.NANOAGENT_TEST_MODEL]);
  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), "nanoagent-test-"));
    await writeFile(path.join(folder, "tiny.gguf"), buildTinyGguf());
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function config(budgetMb: number, model: string): Promise<string> {
    const file = path.join(folder, `${budgetMb}.json`);
    const device = { device_id: "d", platform: "linux-x86_64", memory_mb: 4096, cpu_cores: 1 };
    const spec = { name: "held", max_memory_mb: budgetMb, max_model_size_mb: 4096 };
    // A small context, which fifty turns fill more than once.
    const engine = { context: 512 };
    const model_path = model || path.join(folder, "tiny.gguf");
    await writeFile(file, JSON.stringify({ spec, device, model_path, engine }));
    return file;
  }

  test.each(models)(
    "equal to the budget, %s answers fifty turns, past its full context, and is not killed",
    async (_, budgetMb, model) => {
      const group = makeGroup(budgetMb) ?? expect.fail("no group");
      const agent = await startIn(group, await config(budgetMb, model));
      for (let turn = 0; turn < TURNS; turn++) {
        expect(await agent.ask(`Turn ${turn}: a word about the sea and the ships on it.`)).toMatchObject({
          role: "assistant",
        });
      }
      expect(kills(group)).toBe(0);
      expect(Number(read(group, "peak"))).toBeLessThan(budgetMb * MB);
      // The only notices are about turns that leave the window.
      expect(agent.told().replace(/^note: The \d+ oldest turns no longer fit the model's context\.\n/gm, "")).toBe("");
    },
    300_000,
  );

  test.each(models)(
    "that is lowered while it runs, %s answers or refuses every message, and keeps running",
    async (_, budgetMb, model) => {
      const group = makeGroup(budgetMb) ?? expect.fail("no group");
      const agent = await startIn(group, await config(budgetMb, model));
      expect(await agent.ask("hello")).toMatchObject({ role: "assistant" });
      // To half and then a third of the budget, if the kernel allows it.
      for (const limitMb of [budgetMb / 2, budgetMb / 3]) {
        try {
          writeFileSync(path.join(group, files.limit), String(Math.floor(limitMb) * MB));
        } catch {
          // Cgroup v1 refuses a limit below the memory that it cannot reclaim.
        }
      }
      for (let turn = 0; turn < 12; turn++) {
        const reply = await agent.ask(`Turn ${turn}: and what is the weather on the way?`);
        if (reply.role !== "assistant") {
          expect(reply.error?.code).toMatch(/^(does-not-fit|engine-out-of-memory|context-exceeded)$/);
        }
      }
    },
    300_000,
  );
});
