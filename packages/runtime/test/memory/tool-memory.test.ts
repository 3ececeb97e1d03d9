import { execFileSync, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { findMemoryCgroup, LocalMachine } from "@nanoagent/profiler";
import { describe, expect, onTestFinished, test } from "vitest";
import { EngineCgroup } from "../../src/memory/engine-cgroup.js";
import { ToolMemory } from "../../src/memory/tool-memory.js";
import { readOpenMemoryFiles } from "../../src/processes/process-family.js";
import { launchedCommandTool } from "../../src/tools/command/command-tool.js";
import { ToolSet } from "../../src/tools/tool-set.js";

const MB = 2 ** 20;
const BUDGET_MB = 128;
const OVERSHOOT_MB = 32;
const SAMPLE_MILLISECONDS = 20;
/** How late a sample usually is, and how much a program can take in the time that a sample is later. */
const USUAL_DELAY_MILLISECONDS = 5;
const MB_PER_MILLISECOND = 2;
/** Outcomes of a tool whose program was killed, or failed for want of memory. */
const ended: readonly string[] = ["interrupted", "failed"];
const hogFile = path.join(import.meta.dirname, "hog.py");

const own = await findMemoryCgroup(new LocalMachine());
const probe = await EngineCgroup.create(own, 64 * MB);
await probe?.remove();
const python = find("python3");

const ways = [
  { way: "a cgroup", cgroups: own, isPossible: probe !== null },
  { way: "a watch", cgroups: null, isPossible: process.platform === "linux" },
];

function find(program: string): string | null {
  try {
    return execFileSync(program, ["-c", "import sys; print(sys.executable)"], { encoding: "utf8" }).trim();
  } catch {
    return null;
  }
}

/** Returns how often this program has read from a file, pipe or socket. */
const readCalls = () => Number(/^syscr: (\d+)$/m.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);

/** A tool that uses memory, and the peak memory of all of its processes together. */
class Scene {
  readonly mark = `hog-${randomUUID()}`;
  readonly memory: ToolMemory;
  readonly #hasCgroups: boolean;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #belongs = new Map<string, boolean>();
  #peakBytes = 0;
  #sampledAt = performance.now();
  #longestDelay = 0;

  constructor(cgroups: typeof own, { limitMb = BUDGET_MB } = {}) {
    this.#hasCgroups = cgroups !== null;
    const limitBytes = limitMb * MB;
    this.memory = new ToolMemory({ limitBytes, ownsProgram: false, baseBytes: 2 ** 40, cgroups });
    this.#timer = setInterval(() => this.sample(), SAMPLE_MILLISECONDS);
    onTestFinished(async () => {
      this.stop();
      await this.memory.close();
      rmSync(`/dev/shm/${this.mark}`, { force: true });
    });
  }

  get peakMb(): number {
    return this.#peakBytes / MB;
  }

  /** How far the tool may exceed its limit. Where only a watch ends it, a machine that held up this program held up the watch. */
  get overshootMb(): number {
    if (this.#hasCgroups) return OVERSHOOT_MB;
    return OVERSHOOT_MB + Math.max(0, this.#longestDelay - USUAL_DELAY_MILLISECONDS) * MB_PER_MILLISECOND;
  }

  async call(command: string[], { max_memory_mb }: { max_memory_mb?: number } = {}) {
    const settings = { name: "hog", description: "a", permission: "always" as const, command, max_memory_mb };
    const tool = launchedCommandTool({ ...settings, environment: { HOG: this.mark } }, ".", this.memory.launch);
    const tools = await ToolSet.open([tool]);
    return tools.call({ id: "1", name: "hog", arguments: {} }, { idempotencyKey: "k" });
  }

  hog(kind: string, megabytes = 600, { seconds = 20, ...settings }: { max_memory_mb?: number; seconds?: number } = {}) {
    return this.call([python ?? "", hogFile, kind, String(megabytes), String(seconds)], settings);
  }

  /** Stops sampling. */
  stop(): void {
    clearInterval(this.#timer);
  }

  processes(): string[] {
    return readdirSync("/proc").filter((name) => {
      if (!/^\d+$/.test(name)) return false;
      let belongs = this.#belongs.get(name);
      if (belongs === undefined) {
        belongs = read(`/proc/${name}/environ`).includes(`HOG=${this.mark}`);
        if (belongs || !read(`/proc/${name}/cmdline`).startsWith("/bin/sh")) this.#belongs.set(name, belongs);
      }
      return belongs && /^Pss:/m.test(read(`/proc/${name}/smaps_rollup`));
    });
  }

  sample(): void {
    const now = performance.now();
    this.#longestDelay = Math.max(this.#longestDelay, now - this.#sampledAt - SAMPLE_MILLISECONDS);
    this.#sampledAt = now;
    const rollups = this.processes().map((name) => read(`/proc/${name}/smaps_rollup`));
    const sum = (field: string) =>
      rollups.reduce(
        (bytes, text) => bytes + Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0) * 1024,
        0,
      );
    const files = readOpenMemoryFiles(this.processes().map(Number));
    const bytes = sum("Pss_Anon") + sum("Pss_File") + Math.max(sum("Pss_Shmem"), files);
    this.#peakBytes = Math.max(this.#peakBytes, bytes);
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}

const kinds = ["instant", "calloc", "populate", "slow", "late", "shared", "memfd", "memfd-mapped", "shm", "children"];
/** Programs whose runtimes reserve far more memory than they use. */
const runtimes = [
  ["node", "-e", "new (require('node:worker_threads').Worker)('0', { eval: true }); console.log('works')"],
  ["python3", "-c", "import threading; [threading.Thread(target=print).start() for _ in range(8)]; print('works')"],
  ["java", "-XX:+UseSerialGC", "-version"],
  ["sh", "-c", "java -version && echo works"],
  ["sh", "-c", "seq 100000 | sort -R | tail -1; echo works"],
];

for (const { way, cgroups, isPossible } of ways) {
  // On a busy machine a check may come late.
  describe.skipIf(!isPossible || python === null)(`with ${way}`, { retry: cgroups === null ? 2 : 0 }, () => {
    test.each([...kinds, "away"])("a tool that exceeds its memory limit is ended (%s)", async (kind) => {
      const scene = new Scene(cgroups);
      const { outcome, content } = await scene.hog(kind);
      // The tool itself may end well before its leftover process is noticed.
      if (kind !== "away") expect(ended).toContain(outcome);
      if (ended.includes(outcome)) expect(content).toMatch(/it needed more memory than|it may take/);
      await expect.poll(() => scene.processes()).toEqual([]);
      expect(scene.peakMb).toBeLessThan(BUDGET_MB + scene.overshootMb);
      // The agent continues: the next tool has the memory.
      expect(await scene.call(["echo", "well"])).toMatchObject({ outcome: "done", value: "well" });
    });

    test("tools that run in parallel share the remaining memory", async () => {
      const scene = new Scene(cgroups);
      const outcomes = await Promise.all([1, 2, 3, 4].map(() => scene.hog("slow", 70, { seconds: 2 })));
      expect(outcomes.filter(({ outcome }) => ended.includes(outcome)).length).toBeGreaterThan(0);
      expect(scene.peakMb).toBeLessThan(BUDGET_MB + scene.overshootMb);
    }, 60_000);

    test("max_memory_mb limits one tool with its children", async () => {
      const scene = new Scene(cgroups, { limitMb: 400 });
      for (const kind of ["slow", "children", "shared"]) {
        const { outcome, content } = await scene.hog(kind, 150, { max_memory_mb: 60 });
        expect(ended).toContain(outcome);
        expect(content).toMatch(/max_memory_mb/);
      }
      expect(scene.peakMb).toBeLessThan(60 + scene.overshootMb);
    });

    test.each(runtimes)("a program within its limit works, whatever its runtime reserves (%s)", async (...command) => {
      const scene = new Scene(cgroups);
      const { content, outcome } = await scene.call(command);
      if (/there is no program|not found/.test(content)) return;
      expect([outcome, content]).toEqual(["done", expect.stringMatching(/works|^Done/)]);
    });

    test("pages that children share count once", async () => {
      expect(await new Scene(cgroups).hog("shared-by-children", 60)).toMatchObject({ outcome: "done" });
    });

    test("processes that a tool leaves running count, and end with the agent", async () => {
      const scene = new Scene(cgroups);
      const left =
        "import os, time; os.fork() and (time.sleep(0.3), os._exit(0)); os.setsid(); os.close(1); os.close(2); time.sleep(60)";
      expect(await scene.call([python ?? "", "-c", left])).toMatchObject({ outcome: "done" });
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(scene.processes()).toHaveLength(1);
      expect(scene.memory.processes.map(String)).toEqual(scene.processes());
      await scene.memory.close();
      await expect.poll(() => scene.processes()).toEqual([]);
    });

    test("a check reads a few small files, regardless of other processes", async () => {
      const scene = new Scene(cgroups, { limitMb: 1024 });
      const others = spawn("/bin/sh", ["-c", "for i in $(seq 100); do sleep 4 & done; wait"], { stdio: "ignore" });
      const running = [1, 2, 3].map(() => scene.call(["sleep", "3"]));
      await new Promise((resolve) => setTimeout(resolve, 500));
      scene.stop();
      const counts: number[] = [];
      for (let window = 0; window < 4; window++) {
        const before = readCalls();
        await new Promise((resolve) => setTimeout(resolve, 500));
        counts.push(readCalls() - before);
      }
      others.kill();
      // The test runner reads in this process, too, but not all the time.
      expect(Math.min(...counts)).toBeLessThan(375);
      await Promise.all(running);
    });
  });
}
