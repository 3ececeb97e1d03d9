import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../temporary-folder.js";

const keeper = new URL("../../dist/node.js", import.meta.url);

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== "linux" || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

async function eventually(condition: () => boolean) {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}

/**
 * Starts a program that runs commands as tools, the last of which keeps running. It writes their process numbers to the
 * file.
 */
async function agentWithCommand(file: string, end: string) {
  const script = `
    import { commandTool } from ${JSON.stringify(keeper)};
    const note = 'echo $$ >> ${file}; (trap "" TERM HUP INT; sleep 1000) & echo $! >> ${file}; ';
    const run = (script) => commandTool({ name: "a", description: "a", command: ["sh", "-c", script] }, ".")
      .run({}, { signal: AbortSignal.timeout(1e6), idempotencyKey: "k" });
    for (let time = 0; time < 3; time++) await run("true");
    run(note + "wait").catch(() => {});
    setInterval(() => {}, 1000);
    process.on("message", () => { ${end} });`;
  const agent = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "inherit", "ignore", "ipc"],
  });
  const pids = () => (existsSync(file) ? readFileSync(file, "utf8").trim().split("\n").map(Number) : []);
  await Promise.race([eventually(() => pids().length === 2), once(agent, "exit")]);
  return { agent, pids: pids() };
}

describe.skipIf(process.platform === "win32")("processes of a tool end with an agent", () => {
  test.each([
    ["that is killed", "process.kill(process.pid, 'SIGKILL')"],
    ["that crashes", "process.abort()"],
    ["that exits silently", "process.exit(0)"],
  ])("%s", async (_, end) => {
    const { agent, pids } = await agentWithCommand(path.join(await temporaryFolder(), "pids"), end);
    expect(pids.map(isAlive)).toEqual([true, true]);
    agent.send("end");
    await eventually(() => !pids.some(isAlive));
  });
});

test("a program that has run commands can exit", async () => {
  const script = `
    import { commandTool } from ${JSON.stringify(keeper)};
    const tool = commandTool({ name: "a", description: "a", command: ["echo", "done"] }, ".");
    console.log(await tool.run({}, { signal: AbortSignal.timeout(60_000), idempotencyKey: "k" }));`;
  const agent = spawn(process.execPath, ["--input-type=module", "-e", script]);
  const [[said], [code]] = await Promise.all([once(agent.stdout, "data"), once(agent, "exit")]);
  expect([String(said), code]).toEqual(["done\n", 0]);
});
