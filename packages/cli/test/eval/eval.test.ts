import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repository, resultOf, runProgram, startProgram } from "../run-program.js";

const house = path.join(repository, "examples/scenarios/house.yaml");
let folder: string;
let server: Server;
const at = (name: string) => path.join(folder, name);

/** Returns the server's answer: a call for the lamp of a named room, otherwise text. */
function answer(said: string): object {
  const room = /bedroom/i.test(said) ? "bedroom" : "kitchen";
  const call = (name: string, given: object) => ({
    tool_calls: [{ index: 0, id: "callone01", type: "function", function: { name, arguments: JSON.stringify(given) } }],
  });
  if (/warm/.test(said)) return call("read_thermometer", {});
  if (/kitchen.*on|bedroom/i.test(said)) return call("switch_lamp", { room, state: "on" });
  return { content: /lamp off/.test(said) ? "Which lamp?" : "Hello!" };
}

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "nanoagent-eval-"));
  server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    if (request.method !== "POST") return response.writeHead(404).end();
    const { messages } = JSON.parse(body) as { messages: { role: string; content: string }[] };
    const last = messages.at(-1);
    // A server that never answers.
    if (last?.content === "wait") return;
    const delta = last?.role === "tool" ? { content: `It says ${last.content}` } : answer(String(last?.content));
    const chunk = (part: object, finish: string | null) =>
      `data: ${JSON.stringify({ choices: [{ index: 0, delta: part, finish_reason: finish }] })}\n\n`;
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.end(`${chunk(delta, null)}${chunk({}, "tool_calls" in delta ? "tool_calls" : "stop")}data: [DONE]\n\n`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const device = { device_id: "box", platform: "linux-x64", memory_mb: 1024, cpu_cores: 4 };
  const write = (name: string, config: object) =>
    writeFileSync(at(name), JSON.stringify({ spec: { name: "a", max_memory_mb: 512 }, device, ...config }));
  write("server.json", { engine: { type: "openai-compatible", url, model: "m" } });
  write("rules.json", {});
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
  rmSync(folder, { recursive: true });
});

const evaluate = (...args: string[]) => runProgram(["eval", ...args]);

describe("nanoagent eval", () => {
  test("has a column for each engine and the baseline, and rows by group and language", async () => {
    const { exitCode, stdout, stderr } = await evaluate(
      house,
      "--config",
      at("server.json"),
      "--config",
      at("rules.json"),
    );
    const lines = stdout.split("\n").map((line) => line.trim().split(/ {2,}/));
    expect(stderr).toBe("");
    expect(lines[0]).toEqual(["server", "rules", "words alone"]);
    expect(lines.find(([label]) => label === "scenarios")).toEqual(["scenarios", "6", "6", "6"]);
    // All except the dimmed lamp. The rules engine greets, which does not count as a question.
    expect(lines.find(([label]) => label === "right")?.slice(0, 2)).toEqual(["right", "83.3 %"]);
    expect(lines.find(([label]) => label === "dialogue")?.[1]).toBe("100.0 % of 1");
    expect(lines.find(([label]) => label === "de")?.slice(1, 3)).toEqual(["100.0 % of 1", "0.0 % of 1"]);
    expect(exitCode).toBe(0);
  });

  test("--show-wrong lists wrong scenarios with the reason", async () => {
    const { stdout } = await evaluate(house, "--config", at("server.json"), "--show-wrong");
    expect(stdout).toContain(
      "server: 1 of 6 not right\nwrong     house: lamp-dim\n  said: Bedroom lamp on, to about forty",
    );
    expect(stdout).toContain('  why: Called switch_lamp({"room":"bedroom","state":"on"}), expected switch_lamp(');
  });

  test.each([
    ["83", 0],
    ["84", 1],
    ["100", 1],
  ])("--min-right %s exits with %i if 5 of 6 were right", async (percent, exitCode) => {
    const result = await evaluate(house, "--config", at("server.json"), "--min-right", percent);
    expect(result.exitCode).toBe(exitCode);
    expect(result.stdout).toContain("83.3 %");
  });

  test("--json has every turn, --times repeats them, and --junit reports the same results", async () => {
    const args = ["--config", at("server.json"), "--json", "--times", "2", "--junit", at("report.xml")];
    const { stdout } = await evaluate(house, ...args);
    const { engines, baseline, times } = JSON.parse(stdout);
    expect([times, engines.length, baseline.name]).toEqual([2, 1, "words alone"]);
    expect(engines[0].summary.right).toMatchObject({ count: 10, of: 12 });
    expect(engines[0].results.at(-1)).toMatchObject({ id: "and-the-bedroom", run: 2, verdict: "right", file: "house" });
    const report = readFileSync(at("report.xml"), "utf8");
    expect(report).toContain('<testsuite name="server: house" tests="12" failures="2"');
    expect(report).toContain('name="lamp-dim (run 2)"');
  });

  test("filters select scenarios, and name the choices if none matches", async () => {
    const count = async (...args: string[]) => {
      const { stdout, stderr } = await evaluate(house, "--config", at("rules.json"), ...args);
      return /^scenarios +(\d+)/m.exec(stdout)?.[1] ?? stderr;
    };
    expect(await count("--group", "call", "--language", "en")).toBe("3");
    expect(await count("--limit", "2")).toBe("2");
    expect(await count("--group", "cal")).toBe(
      'error: No scenario has the group "cal". Did you mean "call"?\n  do: Choose one of ask, call, dialogue, none, numbers, talk.\n',
    );
    expect(await count("--part", "sealed")).toContain("Omit --part: no scenario has one.");
  });

  test("a folder means all its files; files with the same name are distinguished", async () => {
    mkdirSync(at("all"), { recursive: true });
    for (const name of ["one.yaml", "two.yml"]) writeFileSync(at(`all/${name}`), readFileSync(house));
    const { stdout } = await evaluate(at("all"), "--config", at("rules.json"));
    expect(stdout).toMatch(/^scenarios +12 /m);
    expect(stdout).toContain(`house (${at("all/two.yml")})`);
  });

  test.each<[what: string, args: () => string[], message: string]>([
    ["a missing file", () => [at("nowhere.yaml"), "--config", at("rules.json")], "there is no such file"],
    [
      "an error in a file",
      () => [at("faulty.yaml"), "--config", at("rules.json")],
      'faulty.yaml:3:3: scenarios.0.sya: unknown key: did you mean "say"?',
    ],
    ["a missing model", () => [house, "--model", at("nowhere.gguf")], "There is no model file at"],
    ["a missing config", () => [house, "--config", at("nowhere.yaml")], "there is no such file"],
    ["a share above 100 %", () => [house, "--config", at("rules.json"), "--min-right", "850"], "at most 100"],
    ["half a run", () => [house, "--config", at("rules.json"), "--times", "1.5"], "--times takes a whole number"],
    ["a temperature below 0", () => [house, "--config", at("rules.json"), "--temperature", "-1"], "--temperature"],
    [
      "a report in a missing folder",
      () => [house, "--config", at("rules.json"), "--junit", at("no/where.xml")],
      "Cannot write",
    ],
    [
      "a folder without scenarios",
      () => [path.join(repository, "packages/models/src"), "--config", at("rules.json")],
      "There is no scenario file in",
    ],
  ])("%s is refused before anything runs", async (_, args, message) => {
    writeFileSync(at("faulty.yaml"), "name: a\nscenarios:\n- sya: x\n  id: a\ntools: []\n");
    const { exitCode, stdout, stderr } = await evaluate(...args());
    expect(stderr).toContain(message);
    expect([exitCode, stdout]).toEqual([2, ""]);
  });

  test("an unreachable engine is an error, not a share of 0 %", async () => {
    const config = JSON.parse(readFileSync(at("server.json"), "utf8"));
    writeFileSync(
      at("gone.json"),
      JSON.stringify({ ...config, engine: { ...config.engine, url: "http://127.0.0.1:1" } }),
    );
    const { exitCode, stdout, stderr } = await evaluate(house, "--config", at("gone.json"));
    expect(stderr).toContain("127.0.0.1:1");
    expect([exitCode, stdout]).toEqual([1, ""]);
  });

  test.skipIf(process.platform === "win32")("Ctrl-C shows the results so far and exits with 130", async () => {
    writeFileSync(at("slow.yaml"), "name: slow\ntools: []\nscenarios: [{id: a, say: Hello}, {id: b, say: wait}]\n");
    const asked = new Promise<void>((resolve) => {
      let count = 0;
      server.on("request", () => ++count >= 2 && setTimeout(resolve, 300));
    });
    const child = startProgram(["eval", at("slow.yaml"), "--config", at("server.json")]);
    const ended = resultOf(child);
    await asked;
    child.kill("SIGINT");
    const { exitCode, stdout } = await ended;
    expect(stdout).toMatch(/^scenarios +1 +2$/m);
    expect(stdout).toContain("Interrupted: these are the results so far.");
    expect(exitCode).toBe(130);
  });
});
