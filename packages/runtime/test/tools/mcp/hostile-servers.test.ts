import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../temporary-folder.js";
import { hostile, opened } from "./open-servers.js";

/** What a process wrote of itself into a file: its number, a line for each start. */
const pidsIn = (file: string) => (existsSync(file) ? readFileSync(file, "utf8").trim().split("\n").map(Number) : []);

/** Whether a process is still there and no zombie. */
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

test("a server that cannot be started is a notice, in time, and nothing of it is left", async () => {
  const reasons = {
    "hangs-at-start": "it did not answer within 1 s",
    "hangs-at-list": "it did not answer within 1 s",
    "dies-at-start": "it ended with code 7: no licence",
    "floods-at-start": "it floods",
    "wrong-version": "protocol version is not supported: 1066",
    "wrong-greeting": "failed: ",
    "no-list": "what it lists as its tools is no list",
  };
  await all(reasons, async (fault, reason) => {
    const file = path.join(await temporaryFolder(), "pids");
    const start_timeout_seconds = fault.startsWith("hangs") ? 1 : 60;
    await using house = await opened({ house: hostile(fault, { file, start_timeout_seconds }) });
    expect(house.names(), fault).toEqual([]);
    expect(house.notices(), fault).toEqual([expect.stringContaining(reason)]);
    // At a slow start it was ended before it could say who it is.
    await eventually(() => !pidsIn(file).some(isAlive));
  });
});

/** Cases that mostly wait, at once. */
async function all<Expected>(
  cases: Record<string, Expected>,
  check: (name: string, expected: Expected) => Promise<void>,
) {
  await Promise.all(Object.entries(cases).map(([name, expected]) => check(name, expected)));
}

describe("a server whose list of tools", () => {
  test("has everything that is wrong with one: what cannot be checked is left out, and said", async () => {
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
      'Not taken from the MCP server "house": "text" (it is no JSON Schema), "list" (it is not one of an object), ' +
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

  test("is long, or has no end, is cut", async () => {
    await using many = await opened({ house: hostile("many-tools") });
    expect(many.names()).toHaveLength(128);
    expect(many.notices()).toEqual([expect.stringContaining("all but the first 128 tools")]);
    await using endless = await opened({ house: hostile("endless-list") });
    expect(endless.names()).toEqual(["house_do"]);
  });

  test("changes is used no further than it was agreed to", async () => {
    const file = path.join(await temporaryFolder(), "pids");
    await using house = await opened({ house: hostile("changing", { file }) });
    expect(house.names()).toEqual(["house_do", "house_same"]);
    expect((await house.call("house_same")).content).toBe("start 1");
    process.kill(pidsIn(file)[0] ?? 0, "SIGKILL");
    await eventually(async () => (await house.call("house_do")).content.includes("no longer offers it as it did"));
    expect((await house.call("house_same")).content).toContain("no longer offers it as it did");
    expect(house.names()).toEqual(["house_do", "house_same"]);
  });

  test("is said to have changed, and has not, is used as before", async () => {
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
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(found.content).not.toMatch(/[\u0000-\u0008\u001b]/);
  };

  test("whose answer is large, binary, deep, wrong or an error is bounded text", () =>
    all(
      {
        "huge-result": ["failed", "its answer has more than 4 MB"],
        "large-result": ["done", "[… cut: 262144 characters too long …]"],
        "binary-result": ["done", "[image image/png, 3 bytes]\nseen"],
        "deep-result": ["done", '{"a":{"a":{"a":'],
        "many-pieces": ["done", "[… and 19900 more …]"],
        "no-result": ["failed", "its answer is no result"],
        "error-result": ["failed", "no no no"],
        twice: ["done", "done"],
        "stderr-flood": ["done", "start"],
      },
      check,
    ));

  test("that is not answered, or by a flood or a death, fails in time", () =>
    all(
      {
        "null-result": ["failed", "it did not answer within 1 s. It may have acted all the same"],
        "wrong-id": ["failed", "it did not answer within 1 s"],
        "hangs-at-call": ["failed", "it did not answer within 1 s"],
        "dies-at-call": ["failed", "it ended with code 3: out of water"],
        "floods-at-call": ["failed", "it floods"],
        "line-without-end": ["failed", "it floods"],
        "requests-at-call": ["failed", "it floods"],
      },
      check,
    ));
});

test("a server that died, hung or flooded is started again for the next call", async () => {
  const file = path.join(await temporaryFolder(), "pids");
  await using house = await opened({ house: hostile("dies-at-call", { file }) });
  for (let call = 1; call <= 3; call++) {
    expect((await house.call("house_do")).content).toContain("it ended with code 3");
    expect(pidsIn(file)).toHaveLength(call);
  }
});

test("one that cannot be started again is not started all the time", async () => {
  const file = path.join(await temporaryFolder(), "pids");
  await using house = await opened({ house: hostile("dies-after-start", { file }) });
  process.kill(pidsIn(file)[0] ?? 0, "SIGKILL");
  await eventually(async () => (await house.call("house_do")).content.includes("It is tried again in"));
  const starts = pidsIn(file).length;
  const since = performance.now();
  for (let call = 0; call < 50; call++) expect((await house.call("house_do")).outcome).toBe("failed");
  // After a second, two, four: as many starts as there were pauses.
  expect(pidsIn(file).length - starts).toBeLessThanOrEqual(1 + Math.log2(1 + (performance.now() - since) / 1000));
});

test("an abort ends a call at once, and the server goes on", async () => {
  const file = path.join(await temporaryFolder(), "pids");
  await using house = await opened({ house: hostile("hangs-at-call", { file }) });
  const turn = new AbortController();
  setTimeout(() => turn.abort(), 50);
  expect((await house.call("house_do", {}, turn.signal)).outcome).toBe("aborted");
  expect(pidsIn(file).map(isAlive)).toEqual([true]);
});

test("a server that reads nothing does not fill the memory of who writes to it", async () => {
  await using house = await opened({ house: hostile("deaf", { timeout_seconds: 60 }) });
  const turns = Array.from({ length: 10 }, () => new AbortController());
  const calls = turns.map((turn) => house.call("house_do", { text: "x".repeat(250_000) }, turn.signal));
  const outcomes = await Promise.all(calls);
  for (const { outcome, content } of outcomes) {
    expect([outcome, content]).toEqual(["failed", expect.stringContaining("it reads nothing of what it is told")]);
  }
});

describe.skipIf(process.platform === "win32")("servers end", () => {
  test("when the agent is unloaded, also one that does not want to", async () => {
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

  test.runIf(process.platform === "linux")("that take more memory than they may, and are held to it", async () => {
    const settings = { command: ["/bin/sh", "-c", "ulimit -d >&2; exit 1"], max_memory_mb: 64 };
    await using house = await opened({ house: settings });
    expect(house.notices()).toEqual([expect.stringContaining("it ended with code 1: 65536")]);
  });
});
