import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { Journal } from "@nanoagent/runtime/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runProgram, startProgram, untilPrinted } from "./run-program.js";

let folder: string;
let state: string;
let config: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "nanoagent-sessions-"));
  state = path.join(folder, "state");
  config = path.join(folder, "agent.yaml");
  await writeFile(config, "spec: {name: shed, max_memory_mb: 64}\nsession: {dir: state}\n");
  const { stderr } = await runProgram(["run", "--config", config], "hello\nstatus\n# not a heading \u001b[31m\n");
  expect(stderr).toBe("");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function sessions(...args: string[]) {
  return runProgram(["sessions", ...args]);
}

describe("nanoagent run with a session", () => {
  test("continues the conversation", async () => {
    const own = path.join(folder, "again.yaml");
    await writeFile(own, "spec: {name: shed, max_memory_mb: 64}\nsession: {dir: again}\n");
    await runProgram(["run", "--config", own], "hello\n");
    const { stdout } = await runProgram(["run", "--config", own], "/history\n/reset\n/history\n");
    expect(stdout).toContain("user: hello\nassistant: Hello from shed!");
    expect(stdout).toContain("The conversation is empty.");
  });

  test("is refused while another program uses it, but can be listed", async () => {
    const child = startProgram(["run", "--config", config]);
    await untilPrinted(child, "to exit.");
    const second = await runProgram(["run", "--config", config], "hello\n");
    expect(second).toMatchObject({ exitCode: 1, stdout: "" });
    expect(second.stderr).toContain("is already open");
    expect((await sessions("list", "--dir", folder)).exitCode).toBe(0);
    expect(await sessions("repair", "--dir", state)).toMatchObject({ exitCode: 1, stdout: "" });
    child.stdin.end();
    await new Promise((resolve) => child.once("close", resolve));
  });
});

describe("sessions", () => {
  test("list shows the sessions in a folder and its subfolders, as text and JSON", async () => {
    const { stdout, exitCode } = await sessions("list", "--dir", folder);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`Folder:   ${state}\n`);
    expect(stdout).toContain("Turns:    3 (6 messages)\n");
    const json = JSON.parse((await sessions("list", "--config", config, "--json")).stdout);
    expect(json.sessions).toMatchObject([{ folder: state, turns: 3, messages: 6, segments: 1 }]);
    const empty = path.join(folder, "empty");
    await mkdir(empty);
    expect(await sessions("list", "--dir", empty)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("no session"),
    });
    expect(await readdir(empty)).toEqual([]);
  });

  test("show, export and /history say why a reply is incomplete", async () => {
    const dir = path.join(folder, "ended");
    const own = path.join(folder, "ended.yaml");
    await writeFile(own, "spec: {name: shed, max_memory_mb: 64}\nsession: {dir: ended}\n");
    const journal = await Journal.open(dir);
    for (const ended of ["length", "interrupted"] as const) {
      const timestamp = new Date().toISOString();
      await journal.appendTurn([
        { role: "user", content: "go", timestamp },
        { role: "assistant", content: "Half of", timestamp, ended },
      ]);
    }
    await journal.close();
    const show = await sessions("show", "--dir", dir);
    const chat = await runProgram(["run", "--config", own], "/history\n");
    for (const { stdout } of [show, chat]) {
      expect(stdout).toContain("assistant (cut off at a limit): Half of");
      expect(stdout).toContain("assistant (stopped while being written): Half of");
    }
    const { stdout } = await sessions("export", "--dir", dir, "--format", "markdown");
    expect(stdout).toMatch(/\*\*assistant\*\* \([^)]+, cut off at a limit\)/);
    expect(stdout).toMatch(/\*\*assistant\*\* \([^)]+, stopped while being written\)/);
  });

  test("show prints the newest turns without control characters", async () => {
    const { stdout } = await sessions("show", "--dir", state, "--last", "2");
    expect(stdout).toMatch(/^--- 2\nuser: status\nassistant: Runtime status/);
    expect(stdout).toContain("user: # not a heading \\u001b[31m\n");
    expect(stdout).not.toContain("\u001b");
    const lines = (await sessions("show", "--dir", state, "--json")).stdout.trim().split("\n");
    expect(lines.map((line) => JSON.parse(line).turn)).toEqual([1, 2, 3]);
  });

  test("export writes Markdown with quoted messages, and JSON", async () => {
    const { stdout } = await sessions("export", "--config", config);
    expect(stdout).toMatch(/^# Session\n\n## Conversation\n\n### 1\n\n\*\*user\*\* \(\d{4}-/);
    expect(stdout).toContain("\n> # not a heading \\u001b[31m\n");
    const json = JSON.parse((await sessions("export", "--dir", state, "--format", "json")).stdout);
    expect(json.turns).toMatchObject([
      { turn: 1, begins_conversation: true, messages: [{ role: "user", content: "hello" }, { role: "assistant" }] },
      { turn: 2 },
      { turn: 3, messages: [{ content: "# not a heading \u001b[31m" }, {}] },
    ]);
  });

  test("repair reports the damage that it sets aside, once", async () => {
    const damaged = path.join(folder, "damaged");
    await mkdir(damaged);
    const [name = ""] = (await readdir(state)).filter((entry) => entry.endsWith(".jsonl"));
    await copyFile(path.join(state, name), path.join(damaged, name));
    const text = await readFile(path.join(damaged, name), "utf8");
    await writeFile(path.join(damaged, name), text.replace("Runtime status", "Runtime STATUS"));
    expect((await sessions("show", "--dir", damaged)).stdout).not.toContain("STATUS");
    expect(await readFile(path.join(damaged, name), "utf8")).toContain("STATUS");
    const { stdout, exitCode } = await sessions("repair", "--dir", damaged);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/damaged bytes in 1 places, copied to .*quarantine.*\n1 turn of the session is missing/);
    const { stdout: again } = await sessions("repair", "--dir", damaged);
    expect(again).toContain("1 turn of the session is missing");
    expect(again).not.toContain("damaged bytes");
    const json = JSON.parse((await sessions("repair", "--dir", state, "--json")).stdout);
    expect(json).toMatchObject({ turns: 3, damage: [], missing_turns: 0, torn_bytes: 0 });
  });

  test("every command that reads the history reports a missing turn", async () => {
    const own = path.join(folder, "gaps.yaml");
    const gaps = path.join(folder, "gaps");
    await writeFile(own, "spec: {name: shed, max_memory_mb: 64}\nsession: {dir: gaps}\n");
    await runProgram(["run", "--config", own], "hello\nstatus\nhello\n");
    const [name = ""] = (await readdir(gaps)).filter((entry) => entry.endsWith(".jsonl"));
    const lines = (await readFile(path.join(gaps, name), "utf8")).split("\n");
    await writeFile(path.join(gaps, name), lines.filter((line) => !line.includes('"turn":2,')).join("\n"));
    const said = "1 turn of the session is missing (2)";
    for (const action of ["show", "export"]) {
      const { stderr, exitCode } = await sessions(action, "--dir", gaps);
      expect({ stderr, exitCode }).toEqual({ stderr: expect.stringContaining(said), exitCode: 1 });
    }
    const exported = await sessions("export", "--dir", gaps, "--format", "json");
    expect(JSON.parse(exported.stdout)).toMatchObject({ missing: [{ first_turn: 2, last_turn: 2 }] });
    expect((await sessions("list", "--dir", gaps)).stdout).toContain("1 of them missing");
    const listed = JSON.parse((await sessions("list", "--dir", gaps, "--json")).stdout);
    expect(listed.sessions).toMatchObject([{ turns: 3, missing_turns: 1 }]);
    expect((await sessions("repair", "--dir", gaps)).stdout).toContain(said);
    const { stdout, stderr } = await runProgram(["run", "--config", own], "/history\n");
    expect(stdout).toContain("missing from the session's files: 1");
    expect(stderr).toContain(said);
  });

  test("prune reports the freed space", async () => {
    const { stdout, exitCode } = await sessions("prune", "--dir", state, "--max-mb", "1");
    expect({ stdout, exitCode }).toEqual({ stdout: "Freed 0.0 MB.\n", exitCode: 0 });
    expect(JSON.parse((await sessions("prune", "--dir", state, "--max-days", "9", "--json")).stdout)).toEqual({
      freed_bytes: 0,
    });
  });

  test.each<[string[], string]>([
    [[], "sessions needs ACTION: one of list, show, export, repair, prune."],
    [["lst", "--dir", "x"], 'Unknown ACTION "lst" for sessions. Did you mean "list"?'],
    [["list"], "sessions needs --dir PATH or --config PATH."],
    [["list", "show", "--dir", "x"], 'Unexpected argument "show" for sessions.'],
    [["list", "--dir", "x", "--config", "y"], "not both"],
    [["export", "--dir", "x", "--format", "html"], "takes markdown or json"],
    [["list", "--dir", "/no/such/folder"], "cannot be listed"],
    [["show", "--dir", os.tmpdir()], "No session found in"],
    [["repair", "--dir", "/no/such/folder"], "cannot be listed"],
    [["prune", "--dir", os.tmpdir()], "prune needs --max-mb N or --max-days N."],
  ])("%j is a wrong command line", async (args, message) => {
    const { exitCode, stdout, stderr } = await sessions(...args);
    expect(stderr).toContain(message);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  });

  test("a config without a session is an error", async () => {
    const other = path.join(folder, "other.yaml");
    await writeFile(other, "spec: {name: a}\n");
    expect(await sessions("list", "--config", other)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("has no session"),
    });
  });

  test("the help describes the actions", async () => {
    const { stdout } = await sessions("--help");
    expect(stdout).toContain("Usage: nanoagent sessions ACTION [OPTIONS]");
    expect(stdout).toMatch(/\n {2}repair {2}Verify every file/);
  });
});
