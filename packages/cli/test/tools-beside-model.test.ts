import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { buildTinyGguf } from "@nanoagent/optimizer/testing";
import { addonPackage } from "@nanoagent/runtime/engines/llama";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { program } from "./run-program.js";

const MB = 2 ** 20;
const BUDGET_MB = 300;
const OVERSHOOT_MB = Math.max(BUDGET_MB / 10, 32);
const SAMPLE_MILLISECONDS = 20;

const hasAddon = await import(/* @vite-ignore */ addonPackage()).then(
  () => true,
  () => false,
);

/** Runs a program in a mount namespace in which no cgroup can be created. */
const WITHOUT_CGROUPS = ["unshare", "-m", "sh", "-c", 'umount -a -t cgroup,cgroup2; exec "$@"', "sh"];

function canHideCgroups(): boolean {
  try {
    const [file = "", ...args] = [...WITHOUT_CGROUPS, "cat", "/proc/mounts"];
    return !/ cgroup2? /.test(execFileSync(file, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
  } catch {
    return false;
  }
}

const ways = [
  { way: "with this system's cgroups", prefix: [], isPossible: process.platform === "linux" },
  { way: "without cgroups", prefix: WITHOUT_CGROUPS, isPossible: process.platform === "linux" && canHideCgroups() },
];

/** Programs that allocate 600 MB as fast as they can. */
const hogs = {
  "one block": ["dd", "if=/dev/zero", "of=/dev/null", "bs=600M", "count=1"],
  "a pipe that is collected": ["sh", "-c", "head -c 600M /dev/zero | tail -c 600M | wc -c"],
  "a buffer of Node": ["node", "-e", "const b = Buffer.alloc(600 * 2 ** 20, 1); setTimeout(() => b, 10_000)"],
  "four children": ["sh", "-c", "for i in 1 2 3 4; do dd if=/dev/zero of=/dev/null bs=150M count=100 & done; wait"],
  "a child in its own session": ["sh", "-c", "setsid dd if=/dev/zero of=/dev/null bs=600M count=1 & sleep 2"],
};

let folder: string;
let configFile: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nanoagent-test-"));
  configFile = path.join(folder, "agent.json");
  await writeFile(path.join(folder, "tiny.gguf"), buildTinyGguf());
  const names = Object.keys(hogs);
  const config = {
    spec: { name: "held", max_memory_mb: BUDGET_MB, max_model_size_mb: 1024 },
    device: { device_id: "d", platform: "linux-x86_64", memory_mb: 4096, cpu_cores: 1 },
    model_path: "tiny.gguf",
    engine: { context: 512 },
    tools: Object.entries(hogs).map(([description, command], index) => ({
      ...{ name: `hog_${index}`, description, command, permission: "always" },
    })),
    intents: {
      definitions: names.map((name, index) => {
        return { name: `take_${index}`, sentences: [`take ${name}`], tool: `hog_${index}` };
      }),
    },
  };
  await writeFile(configFile, JSON.stringify(config));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function read(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}

/** Follows all descendants of a process, including those whose parent has ended. */
class Tree {
  readonly #members: Set<string>;
  readonly #root: string;
  peakBytes = 0;

  constructor(root: number) {
    this.#root = String(root);
    this.#members = new Set([this.#root]);
  }

  /** Adds up the memory of all: private memory of the program, and also mapped files of the engine and the tools. */
  sample(): void {
    const present = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    for (const name of present) {
      const [, parent = ""] = read(`/proc/${name}/stat`)
        .replace(/^.*\) /s, "")
        .split(" ");
      if (this.#members.has(parent)) this.#members.add(name);
    }
    let bytes = 0;
    for (const name of present.filter((one) => this.#members.has(one))) {
      const rollup = read(`/proc/${name}/smaps_rollup`);
      for (const field of ["Pss_Anon", "Pss_Shmem", ...(name === this.#root ? [] : ["Pss_File"])]) {
        bytes += Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(rollup)?.[1] ?? 0) * 1024;
      }
    }
    this.peakBytes = Math.max(this.peakBytes, bytes);
  }
}

async function start(prefix: readonly string[]) {
  const [file = "", ...args] = [...prefix, process.execPath, program, "run", "--config", configFile, "--jsonl"];
  const child = spawn(file, args, { stdio: ["pipe", "pipe", "pipe"] });
  let told = "";
  child.stderr.on("data", (text) => {
    told += text;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const tree = new Tree(child.pid ?? expect.fail("no program"));
  const timer = setInterval(() => tree.sample(), SAMPLE_MILLISECONDS);
  onTestFinished(async () => {
    clearInterval(timer);
    child.stdin.end();
    if (child.exitCode === null) await once(child, "close");
  });
  return {
    tree,
    async ask(content: string) {
      child.stdin.write(`${JSON.stringify({ content, sampling: { max_tokens: 8 } })}\n`);
      const { value, done } = await lines.next();
      if (done) expect.fail(`The program has ended: ${told}`);
      return JSON.parse(value) as {
        role?: string;
        ended?: string;
        tool_calls?: { result: string; is_error: boolean }[];
      };
    },
  };
}

for (const { way, prefix, isPossible } of ways) {
  // On a busy machine the memory is checked too late.
  describe.skipIf(!isPossible || !hasAddon)(`tools beside a resident model, ${way}`, { retry: 2 }, () => {
    test.each(Object.keys(hogs))(
      "stay within the budget (%s), and the model answers the next message",
      async (name) => {
        const { ask, tree } = await start(prefix);
        expect(await ask("hello there")).toMatchObject({ role: "assistant" });
        const { tool_calls: [call] = [] } = await ask(`take ${name}`);
        // A program that runs beside the command may be killed without making the command fail.
        if (!name.includes("session")) {
          expect(call).toMatchObject({ is_error: true, result: expect.stringMatching(/needed more memory|may take/) });
        }
        const answer = await ask("hello again");
        expect(answer).toMatchObject({ role: "assistant" });
        expect(answer).not.toHaveProperty("tool_calls");
        expect(answer).not.toHaveProperty("error");
        expect(tree.peakBytes).toBeGreaterThan(40 * MB);
        expect(tree.peakBytes).toBeLessThan((BUDGET_MB + OVERSHOOT_MB) * MB);
      },
      60_000,
    );
  });
}
