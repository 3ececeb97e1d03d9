import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { findMemoryCgroup, LocalMachine } from "@nanoagent/profiler";
import { expect, onTestFinished, test } from "vitest";
import { EngineCgroup } from "../../src/memory/engine-cgroup.js";
import { hasAddon, tinyModel } from "../engines/llama/tiny-model.js";
import { sampleDevice } from "../sample-config.js";
import { temporaryFolder } from "../temporary-folder.js";

const MB = 2 ** 20;
const BUDGET_MB = 220;
/** Less than the model uses at first, and more than its smallest configuration needs on any version of Node. */
const CUT_MB = 135;
const TURNS = process.env.NANOAGENT_SOAK ? 50 : 10;
/** 32 KB of KV cache per token, so that the context takes a large part of the budget. */
const SHAPE = { layerCount: 8, kvHeadCount: 4, headLength: 256, contextTokens: 3072 };
const WORDS = "one two three four five six seven eight nine ten eleven twelve ";

const own = await findMemoryCgroup(new LocalMachine());
const probe = await EngineCgroup.create(own, 64 * MB);
await probe?.remove();

interface Outcome {
  actions: string[];
  failure: string | null;
  usage: { prompt_tokens: number } | null;
  turns: number;
  /** Planned memory of the model as loaded. */
  plannedBytes: number;
  enforcement: string;
  usedBytes: number;
}

/** A program that holds a conversation, in a cgroup whose limit is its budget. */
class Program {
  readonly group: EngineCgroup;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(group: EngineCgroup, child: ChildProcess) {
    this.group = group;
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  }

  static async start(): Promise<Program> {
    const group = (await EngineCgroup.create(own, BUDGET_MB * MB)) ?? expect.fail("no group");
    const { modelPath } = await tinyModel(SHAPE);
    const config = {
      spec: { name: "small", max_memory_mb: BUDGET_MB },
      device: { ...sampleDevice, cpu_cores: 1 },
      model_path: modelPath,
      session: { dir: await temporaryFolder() },
    };
    const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
    const file = path.join(import.meta.dirname, "talk-within-budget.mjs");
    const child = spawn(
      "/bin/sh",
      ["-c", 'echo $$ > "$0" && exec "$@"', group.processesFile, process.execPath, file, JSON.stringify(config)],
      { stdio: ["pipe", "pipe", "inherit"], env },
    );
    onTestFinished(async () => {
      child.kill("SIGKILL");
      await group.remove();
    });
    return new Program(group, child);
  }

  /** Returns the outcome of a message. The first outcome is that of the load. */
  async outcome(message?: string): Promise<Outcome> {
    if (message !== undefined) this.#child.stdin?.write(`${message}\n`);
    const { value, done } = await this.#lines.next();
    if (!done) return JSON.parse(value);
    const [code, signal] = await this.end();
    return expect.fail(`the program has ended: ${signal ?? code}, ${this.#read("memory.failcnt", "memory.events")}`);
  }

  async end(): Promise<unknown[]> {
    const closed = once(this.#child, "close");
    this.#child.stdin?.end();
    return closed;
  }

  /** Returns the share of its RLIMIT_DATA that the engine's process has reserved. */
  reservedShare(): number {
    const children = execFileSync("ps", ["-o", "pid=,args=", "--ppid", String(this.#child.pid)], { encoding: "utf8" });
    const processId = Number(
      children
        .split("\n")
        .find((line) => line.includes("host-program"))
        ?.trim()
        .split(" ")[0],
    );
    const limit = /^Max data size\s+(\d+)/m.exec(readFileSync(`/proc/${processId}/limits`, "utf8"))?.[1];
    const used = /^VmData:\s+(\d+) kB/m.exec(readFileSync(`/proc/${processId}/status`, "utf8"))?.[1];
    return (Number(used) * 1024) / Number(limit);
  }

  get #folder(): string {
    return path.dirname(this.group.processesFile);
  }

  #read(v1: string, v2: string): number {
    return Number(readFileSync(path.join(this.#folder, this.group.version === 1 ? v1 : v2), "utf8"));
  }

  get peakBytes(): number {
    return this.#read("memory.max_usage_in_bytes", "memory.peak");
  }

  get usedBytes(): number {
    return this.#read("memory.usage_in_bytes", "memory.current");
  }

  /** Lowers the limit as far as the kernel can at the moment. Returns whether that was the whole way. */
  limitTo(bytes: number): boolean {
    const file = path.join(this.#folder, this.group.version === 1 ? "memory.limit_in_bytes" : "memory.max");
    for (const limit of [bytes, Math.max(bytes, this.usedBytes + MB)]) {
      try {
        writeFileSync(file, String(limit));
        return limit === bytes;
      } catch (error) {
        // Memory in use cannot be taken away.
        if ((error as NodeJS.ErrnoException).code !== "EBUSY") throw error;
      }
    }
    return false;
  }
}

test.skipIf(probe === null || !hasAddon)(
  `${TURNS} turns to a full context stay below a real limit (needs root and llama.cpp's package)`,
  async () => {
    const program = await Program.start();
    expect((await program.outcome()).enforcement).toMatch(/^cgroup/);
    const message = WORDS.repeat(250 / TURNS);
    const shownTokens: number[] = [];
    for (let turn = 1; turn <= TURNS; turn++) {
      const outcome = await program.outcome(`${turn} ${message}`);
      expect(outcome).toMatchObject({ actions: [], failure: null, turns: turn });
      shownTokens.push(outcome.usage?.prompt_tokens ?? 0);
      expect(program.reservedShare()).toBeLessThan(1);
    }
    // The context was full, and turns were dropped from the window.
    expect(shownTokens.toSorted((one, other) => one - other)).not.toEqual(shownTokens);
    expect(program.peakBytes).toBeLessThan(BUDGET_MB * MB);
    expect(program.group.killedForMemory()).toBe(false);
    expect(await program.end()).toEqual([0, null]);
  },
  300_000,
);

test.skipIf(probe === null || !hasAddon)(
  "after a limit is cut below current use, every message is answered or refused (needs root and llama.cpp's package)",
  async () => {
    const program = await Program.start();
    const { plannedBytes } = await program.outcome();
    const actions: string[] = [];
    let answered = 0;
    let isCut = false;
    let last: Outcome | null = null;
    for (let turn = 1; turn <= 200; turn++) {
      if (turn > 5 && !isCut) isCut = program.limitTo(CUT_MB * MB);
      last = await program.outcome(`${turn} ${WORDS}`);
      actions.push(...last.actions);
      if (last.failure === null) answered += 1;
      else expect(last.failure).toMatch(/^(engine-out-of-memory|does-not-fit|context-exceeded)$/);
      expect(last.turns).toBe(answered);
      if (isCut && last.failure === null && last.plannedBytes < plannedBytes) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(isCut).toBe(true);
    // A step that reloads the model plans it for the memory available then: with a smaller context or KV type.
    expect(actions.slice(0, 3)).toEqual(["trim-window", "drop-saved-state", "smaller-batch"]);
    expect(last?.plannedBytes).toBeLessThan(Math.min(plannedBytes, CUT_MB * MB));
    expect(await program.end()).toEqual([0, null]);
  },
  300_000,
);
