import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, onTestFinished, test } from "vitest";
import { program } from "./run-program.js";

/** Runs a program in a mount namespace in which no cgroup can be created. */
const WITHOUT_CGROUPS = ["unshare", "-m", "sh", "-c", 'umount -a -t cgroup,cgroup2; exec "$@"', "sh"];

function works(file: string, ...args: string[]): boolean {
  try {
    execFileSync(file, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const isLinux = process.platform === "linux" && works("setsid", "true");
const ways = [
  { way: "with this system's cgroups", prefix: [], isPossible: isLinux },
  { way: "without cgroups", prefix: WITHOUT_CGROUPS, isPossible: isLinux && works("unshare", "-m", "true") },
];

/** Ways to leave a program running. A program in its own session continues after the command. */
const leavings = [
  { command: "SLEEP &", goesOn: false },
  { command: "SLEEP > /dev/null 2>&1 < /dev/null &", goesOn: false },
  { command: "nohup SLEEP > /dev/null 2>&1 &", goesOn: false },
  { command: "(while :; do echo tick; SLEEP; done) &", goesOn: false },
  { command: "setsid SLEEP &", goesOn: true },
  { command: "setsid SLEEP > /dev/null 2>&1 &", goesOn: true },
  { command: "setsid sh -c 'SLEEP & SLEEP & wait' &", goesOn: true },
  { command: "setsid sh -c 'setsid SLEEP & exit' &", goesOn: true },
  { command: "setsid sh -c '(SLEEP &) ; exit' &", goesOn: true },
];
const ends = ["end of input", "SIGTERM", "SIGHUP", "SIGKILL"] as const;

function countOf(seconds: string): number {
  return readdirSync("/proc").filter((name) => {
    try {
      return readFileSync(`/proc/${name}/cmdline`, "utf8") === `sleep\0${seconds}\0`;
    } catch {
      return false;
    }
  }).length;
}

for (const { way, prefix, isPossible } of ways) {
  describe.skipIf(!isPossible)(`programs that a command leaves running, ${way}`, () => {
    const cases = leavings.flatMap((leaving, index) => {
      // Programs that continue are tested with every way to end, the others with one of them.
      const all = leaving.goesOn ? ends : [ends[index % ends.length] ?? "SIGKILL"];
      // Without cgroups, programs in their own session cannot be found once the agent was killed.
      const some = all.filter((end) => !(leaving.goesOn && end === "SIGKILL" && prefix.length > 0));
      return some.map((end) => ({ ...leaving, end }));
    });
    test.each(cases)(
      "$command, then $end",
      async ({ command, goesOn, end }) => {
        const folder = await mkdtemp(path.join(tmpdir(), "nanoagent-test-"));
        const seconds = (40 + Math.random()).toFixed(12);
        const script = `${command.replaceAll("SLEEP", `sleep ${seconds}`)}\nsleep 0.3\necho started`;
        const config = {
          spec: { name: "left", max_memory_mb: 128 },
          tools: [{ name: "leave", description: "d", command: ["sh", "-c", script], permission: "always" }],
          intents: { definitions: [{ name: "i", sentences: ["start"], tool: "leave", answer: "said: {result}" }] },
        };
        await writeFile(path.join(folder, "agent.json"), JSON.stringify(config));
        const configFile = path.join(folder, "agent.json");
        const [file = "", ...args] = [...prefix, process.execPath, program, "run", "--config", configFile, "--jsonl"];
        const child = spawn(file, args, { stdio: ["pipe", "pipe", "inherit"] });
        onTestFinished(async () => {
          child.kill("SIGKILL");
          await rm(folder, { recursive: true });
        });
        child.stdin.write('{"content":"start"}\n');
        const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
        expect(JSON.parse(line)).toMatchObject({ content: expect.stringMatching(/^said: (tick\n)*started/) });
        await new Promise((resolve) => setTimeout(resolve, 500));
        if (goesOn) expect(countOf(seconds)).toBeGreaterThan(0);
        else expect(countOf(seconds)).toBe(0);
        if (end === "end of input") child.stdin.end();
        else child.kill(end);
        if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
        await expect.poll(() => countOf(seconds), { timeout: 5000 }).toBe(0);
      },
      30_000,
    );
  });
}
