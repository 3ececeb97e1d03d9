import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../temporary-folder.js";
import { hostile, opened } from "./open-servers.js";

/** Reads the ids that a process wrote to a file, one line per start. */
const pidsIn = (file: string) => (existsSync(file) ? readFileSync(file, "utf8").trim().split("\n").map(Number) : []);

/** Whether a process exists and is not a zombie. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== "linux" || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

async function eventually(condition: () => boolean | Promise<boolean>) {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}

test("reports a server that cannot be started in time, and leaves no process", async () => {
  const reasons = {
    "hangs-at-start": "it did not answer within 1 s",
    "hangs-at-list": "it did not answer within 1 s",
    "dies-at-start": "it ended with code 7: no licence",
    "floods-at-start": "it floods",
    "wrong-version": "protocol version is not supported: 1066",
    "wrong-greeting": "failed: ",
    "no-list": "its tools are not a list",
  };
  await all(reasons, async (fault, reason) => {
    const file = path.join(await temporaryFolder(), "pids");
    const start_timeout_seconds = fault.startsWith("hangs") ? 1 : 60;
    await using house = await opened({ house: hostile(fault, { file, start_timeout_seconds }) });
    expect(house.names(), fault).toEqual([]);
    expect(house.notices(), fault).toEqual([expect.stringContaining(reason)]);
    // On a slow start it was stopped before it could record its id.
    await eventually(() => !pidsIn(file).some(isAlive));
  });
});

/** Runs cases in parallel, because they mostly wait. */
async function all<Expected>(
  cases: Record<string, Expected>,
  check: (name: string, expected: Expected) => Promise<void>,
) {
  await Promise.all(Object.entries(cases).map(([name, expected]) => check(name, expected)));
}

describe("a server's list of tools", () => {
  test("may have any faults: tools that cannot be checked are skipped and reported", async () => {
    await using house = await opened({ house: hostile("bad-schemas") });
    expect(house.names()).toEqual([
      "house_good",
      "house_cyclic",
      "house_outside",
      "house_pattern",
      "house_prototype",
      "house_esc__2J",
      "house_long",
    ]);
    expect(house.notices()).toEqual([
      'Not used from the MCP server "house": "text" (it is not a JSON Schema), "list" (it is not the schema of an object), ' +
        '"huge" (it has more than 16 KB), "many" (it has more than 500 parts), ' +
        '"deep" (it is nested deeper than 16 levels), and 6 more.',
    ]);
    const [, , , pattern, , , long] = house.servers.servers[0]?.tools ?? [];
    expect(JSON.stringify(pattern?.inputSchema)).not.toContain("(a+)+");
    expect(JSON.stringify(pattern?.inputSchema).length).toBeLessThan(500);
    expect(long?.description).toMatch(/^Ignore all before\. x{900,}$/);
    expect(long?.description).toHaveLength(1000);
    expect((await house.call("house_pattern", { a: `${"a".repeat(1000)}!` })).outcome).toBe("done");
  });

  test("is cut where it is long or endless", async () => {
    await using many = await opened({ house: hostile("many-tools") });
    expect(many.names()).toHaveLength(128);
    expect(many.notices()).toEqual([expect.stringContaining("all but the first 128 tools")]);
    await using endless = await opened({ house: hostile("endless-list") });
    expect(endless.names()).toEqual(["house_do"]);
  });

  test("is used only as first listed when it changes", async () => {
    const file = path.join(await temporaryFolder(), "pids");
    await using house = await opened({ house: hostile("changing", { file }) });
    expect(house.names()).toEqual(["house_do", "house_same"]);
    expect((await house.call("house_same")).content).toBe("start 1");
    process.kill(pidsIn(file)[0] ?? 0, "SIGKILL");
    await eventually(async () => (await house.call("house_do")).content.includes("no longer offers it as it did"));
    expect((await house.call("house_same")).content).toContain("no longer offers it as it did");
    expect(house.names()).toEqual(["house_do", "house_same"]);
  });

  test("is used as before when it is reported as changed but is equal", async () => {
    await using house = await opened({ house: hostile("says-changed") });
    for (let call = 0; call < 3; call++) expect((await house.call("house_do")).outcome).toBe("done");
  });
});

describe("a call", () => {
  const check = async (fault: string, [outcome, content]: [outcome: string, content: string]) => {
    const timeout_seconds = content.includes("within 1 s") ? 1 : 60;
    await using house = await opened({ house: hostile(fault, { timeout_seconds, start_timeout_seconds: 60 }) });
    const found = await house.call("house_do");
    expect([fault, found.outcome, found.content]).toEqual([fault, outcome, expect.stringContaining(content)]);
    expect(found.content.length).toBeLessThanOrEqual(8000);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not occur
    expect(found.content).not.toMatch(/[\u0000-\u0008\u001b]/);
  };

  test("with a large, binary, deep, wrong or failed answer results in bounded text", () =>
    all(
      {
        "huge-result": ["interrupted", "its answer has more than 4 MB"],
        "large-result": ["done", "[… cut: 262144 characters too long …]"],
        "binary-result": ["done", "[image image/png, 3 bytes]\nseen"],
        "deep-result": ["done", '{"a":{"a":{"a":'],
        "many-pieces": ["done", "[… and 19900 more …]"],
        "no-result": ["interrupted", "its answer is not a valid result"],
        "error-result": ["failed", "no no no"],
        twice: ["done", "done"],
        "stderr-flood": ["done", "start"],
      },
      check,
    ));

  test("without an answer, or with a flood or a crash, fails in time", () =>
    all(
      {
        "null-result": ["interrupted", "it did not answer within 1 s"],
        "wrong-id": ["interrupted", "it did not answer within 1 s"],
        "hangs-at-call": ["interrupted", "it did not answer within 1 s"],
        "dies-at-call": ["interrupted", "it ended with code 3: out of water"],
        "floods-at-call": ["interrupted", "it floods"],
        "line-without-end": ["interrupted", "it floods"],
        "requests-at-call": ["interrupted", "it floods"],
      },
      check,
    ));
});

test("starts a server again after a crash, hang or flood for the next call", async () => {
  const file = path.join(await temporaryFolder(), "pids");
  await using house = await opened({ house: hostile("dies-at-call", { file }) });
  for (let call = 1; call <= 3; call++) {
    expect((await house.call("house_do")).content).toContain("it ended with code 3");
    expect(pidsIn(file)).toHaveLength(call);
  }
});

test("does not constantly restart a server that fails to start", async () => {
  const file = path.join(await temporaryFolder(), "pids");
  await using house = await opened({ house: hostile("dies-after-start", { file }) });
  process.kill(pidsIn(file)[0] ?? 0, "SIGKILL");
  await eventually(async () => (await house.call("house_do")).content.includes(". It is tried again in"));
  const starts = pidsIn(file).length;
  const since = performance.now();
  for (let call = 0; call < 50; call++) expect((await house.call("house_do")).outcome).toBe("failed");
  // Starts follow after one, two and four seconds.
  expect(pidsIn(file).length - starts).toBeLessThanOrEqual(1 + Math.log2(1 + (performance.now() - since) / 1000));
});

test("ends a call immediately on an abort while the server keeps running", async () => {
  const file = path.join(await temporaryFolder(), "pids");
  await using house = await opened({ house: hostile("hangs-at-call", { file }) });
  const turn = new AbortController();
  setTimeout(() => turn.abort(), 50);
  expect((await house.call("house_do", {}, turn.signal)).outcome).toBe("aborted");
  expect(pidsIn(file).map(isAlive)).toEqual([true]);
});

test("limits the data sent to a server that does not read", async () => {
  await using house = await opened({ house: hostile("deaf", { timeout_seconds: 60 }) });
  const turns = Array.from({ length: 10 }, () => new AbortController());
  const calls = turns.map((turn) => house.call("house_do", { text: "x".repeat(250_000) }, turn.signal));
  const outcomes = await Promise.all(calls);
  for (const { outcome, content } of outcomes) {
    expect([outcome, content]).toEqual(["interrupted", expect.stringContaining("it reads nothing of what it is told")]);
  }
});

describe.skipIf(process.platform === "win32")("servers are stopped", () => {
  test("when the agent is unloaded, even if they ignore signals", async () => {
    const file = path.join(await temporaryFolder(), "pids");
    const house = await opened({ house: hostile("ignores-its-end", { file }) });
    expect(pidsIn(file).map(isAlive)).toEqual([true]);
    await house.servers.close();
    await eventually(() => !pidsIn(file).some(isAlive));
  });

  test("when the agent is killed", async () => {
    const folder = await temporaryFolder();
    const file = path.join(folder, "pids");
    const agent = spawn(process.execPath, [
      "--input-type=module",
      "-e",
      `import { openMcpServers } from ${JSON.stringify(new URL("../../../dist/node/node-parts.js", import.meta.url))};
       await openMcpServers({ house: { command: ${JSON.stringify(hostile("ignores-its-end", { file }).command)} } }, () => {});
       console.log("open");
       setInterval(() => {}, 1000);`,
    ]);
    await Promise.race([once(agent.stdout, "data"), once(agent, "exit")]);
    expect(pidsIn(file).map(isAlive)).toEqual([true]);
    agent.kill("SIGKILL");
    await eventually(() => !pidsIn(file).some(isAlive));
  });

  test.runIf(process.platform === "linux")("when they exceed their memory limit", async () => {
    const settings = { command: ["/bin/sh", "-c", "ulimit -d >&2; exit 1"], max_memory_mb: 64 };
    await using house = await opened({ house: settings });
    expect(house.notices()).toEqual([expect.stringContaining("it ended with code 1: 65536")]);
  });
});
