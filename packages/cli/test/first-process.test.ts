import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { program, resultOf, untilPrinted } from "./run-program.js";

const unshare = ["--pid", "--fork", "--mount-proc", "--kill-child"];
const canUnshare = spawnSync("unshare", [...unshare, "true"]).status === 0;
const canLeave = "execve" in process && canUnshare;

const folder = mkdtempSync(path.join(tmpdir(), "nanoagent-first-process-"));
afterAll(() => rm(folder, { recursive: true, force: true }));
const config = path.join(folder, "agent.yaml");
writeFileSync(
  config,
  `spec: { name: k, max_memory_mb: 128 }
device: { device_id: d, platform: linux-x86_64, memory_mb: 4096, cpu_cores: 2 }
tools:
  - { name: leave, description: d, permission: always, command: [sh, -c, "for i in 1 2 3; do (setsid sleep 0.2 &); done"] }
  - { name: list, description: d, permission: always, command: [ps, -A, -o, "stat="] }
intents:
  definitions:
    - { name: leave, sentences: [leave], tool: leave, answer: left }
    - { name: list, sentences: [list], tool: list }
`,
);

/** Starts the agent as PID 1 of a namespace. `first` returns its process number outside. */
function startFirst() {
  const args = [...unshare, process.execPath, program, "run", "--config", config];
  const child = spawn("unshare", args);
  const first = () => Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").split(" ")[0]);
  return { child, first };
}

describe.skipIf(!canLeave)("the program as PID 1 of a container (needs root and Node 22.15)", () => {
  test("leaves no zombies behind", async () => {
    const { child } = startFirst();
    const result = resultOf(child);
    await untilPrinted(child, "to exit.");
    child.stdin.write("leave\nleave\n");
    await new Promise((resolve) => setTimeout(resolve, 1500));
    child.stdin.end("list\n");
    const { exitCode, stdout, stderr } = await result;
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout.match(/\bS/g)?.length).toBeGreaterThan(0);
    expect(stdout).not.toMatch(/\bZ/);
  });

  test.each([
    ["SIGTERM", 143],
    ["SIGINT", 130],
    ["SIGHUP", 129],
  ] as const)("ends by %s with the right exit code", async (signal, exitCode) => {
    const { child, first } = startFirst();
    const result = resultOf(child);
    await untilPrinted(child, "to exit.");
    process.kill(first(), signal);
    expect(await result).toMatchObject({ exitCode, stderr: "" });
  });

  test("ends with exit code 2 for a missing config", async () => {
    const child = spawn("unshare", [...unshare, process.execPath, program, "run", "--config", `${folder}/none.yaml`]);
    expect((await resultOf(child)).exitCode).toBe(2);
    expect(readdirSync(folder)).toEqual(["agent.yaml"]);
  });
});
