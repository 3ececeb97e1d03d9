import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { openAgent } from "@nanoagent/runtime";
import { readConfig } from "@nanoagent/runtime/node";
import { createServer } from "@nanoagent/server";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { OptionValues } from "../../src/command-line/command.js";
import { manageTriggers } from "../../src/triggers/manage-triggers.js";

/** Appends the key, the trigger and its arguments to `acts.txt`, and prints what it did. */
const TOOL = `const { appendFileSync } = require("node:fs");
const [bed, minutes] = process.argv.slice(2);
if (bed === "slow") setTimeout(() => {}, 60_000);
else if (bed === "later") setTimeout(() => console.log("watered later"), 2000);
else if (bed === "broken") { console.error("the valve is stuck"); process.exit(1); }
else appendFileSync("acts.txt", [process.env.NANOAGENT_TRIGGER, process.env.NANOAGENT_IDEMPOTENCY_KEY, bed, minutes].join(" ") + "\\n");
if (bed !== "slow" && bed !== "later") console.log("watered " + bed + " for " + minutes + " minutes");
`;

const CONFIG = `spec: {name: greenhouse, max_memory_mb: 100}
session: {dir: state}
tools:
  - name: water_bed
    description: Waters a bed.
    command: [node, tool.cjs, "{bed}", "{minutes}"]
    arguments: {bed: {type: string}, minutes: {type: integer, maximum: 60}}
    permission: always
  - {name: open_vent, description: Opens the vent., command: [node, -e, "0"], arguments: {}}
intents:
  slots: {number: {from: 1, to: 50}}
  definitions:
    - {name: warm, sentences: ["it is {number:degrees} degrees"], answer: "{degrees} degrees"}
    - {name: vent, sentences: [open the vent], tool: open_vent}
triggers:
  - name: dry-bed
    when: {command: [node, -e, "setTimeout(() => {}, 1e9)"]}
    if: {value: payload.percent, below: 30}
    do: {tool: water_bed, arguments: {bed: "{payload.bed}", minutes: 5}}
    then: {file: {path: answers.jsonl}}
    tries: 1
  - name: morning
    when: {schedule: "0 6 * * *", time_zone: Europe/Berlin}
    do: {sentence: it is 20 degrees}
  - {name: vent, when: {every: 1d}, do: {sentence: open the vent}}
  - {name: off, enabled: false, when: {every: 1d}, do: {message: hello}}
`;

let folder: string;
const at = (name: string) => path.join(folder, name);

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nanoagent-triggers-"));
  vi.stubEnv("XDG_RUNTIME_DIR", folder);
  await writeFile(at("tool.cjs"), TOOL);
  await writeFile(at("agent.yaml"), CONFIG);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

async function triggers(action: string, name?: string, values: OptionValues = {}, stop = new AbortController()) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const printed = Promise.all([text(stdout), text(stderr)]);
  const streams = { stdin: new PassThrough(), stdout, stderr, stop: stop.signal };
  const named = name === undefined ? {} : { name };
  const exitCode = await manageTriggers({ action, ...named, config: at("agent.yaml"), ...values }, streams, []);
  for (const stream of [stdout, stderr]) stream.end();
  const [out, err] = await printed;
  return { exitCode, stdout: out.replaceAll(folder, "…"), stderr: err.replaceAll(folder, "…") };
}

const dry = JSON.stringify({ bed: "north", percent: 21 });

describe("test", () => {
  test("shows conditions, act, command and answers, and does nothing", async () => {
    const { exitCode, stdout } = await triggers("test", "dry-bed", { payload: dry, at: "2027-01-31T06:00" });
    expect(stdout).toMatch(/^Trigger: +dry-bed \(command node\)$/m);
    expect(stdout).toContain(`${dry} at 2027-01-31 06:00:00`);
    expect(stdout).toMatch(/^Conditions: +met: /m);
    expect(stdout).toMatch(/^Act: +tool water_bed\n {2}bed = "north"\n {2}minutes = 5$/m);
    expect(stdout).toMatch(/^Command: +node tool\.cjs north 5$/m);
    expect(stdout).toMatch(/^Permission: +always allowed$/m);
    expect(stdout).toMatch(/^Answer: +file …\/answers\.jsonl$/m);
    expect(stdout).toMatch(/\nIt would act\.\n$/);
    expect(exitCode).toBe(0);
    await expect(readFile(at("acts.txt"))).rejects.toThrow("ENOENT");
    await expect(readFile(at("state"))).rejects.toThrow("ENOENT");
  });

  test.each([
    ["dry-bed", { payload: '{"bed": "north", "percent": 40}' }, "Conditions:  not met"],
    ["dry-bed", { payload: '{"percent": 10}' }, "payload.bed is missing in the event"],
    ["dry-bed", { payload: '{"percent": 10, "bed": ["a"]}' }, "The arguments of water_bed are not right"],
    ["off", {}, "It would not act: the trigger is off."],
  ])("%s with %j would not act: %s", async (name, values, message) => {
    const { exitCode, stdout } = await triggers("test", name, values);
    expect(stdout).toContain(message);
    expect(stdout).toMatch(/It would not act/);
    expect(exitCode).toBe(1);
  });

  test("shows the next runs of a schedule, also as JSON", async () => {
    const { stdout } = await triggers("test", "morning", { at: "2027-03-27T12:00Z", json: true });
    const { would_act, next_runs, act, event } = JSON.parse(stdout);
    expect(next_runs).toEqual(
      ["2027-03-28T04", "2027-03-29T04", "2027-03-30T04", "2027-03-31T04", "2027-04-01T04"].map(
        (hour) => `${hour}:00:00.000Z`,
      ),
    );
    expect(event).toMatchObject({ at: "2027-03-27T12:00:00.000Z", payload: { missed: false } });
    expect(act).toMatchObject({ kind: "sentence", text: "it is 20 degrees", intent: "warm", problem: null });
    expect(would_act).toBe(true);
  });

  test("a payload of several lines cannot pass for lines of the report", async () => {
    const { stdout } = await triggers("test", "dry-bed", { payload: "x\nIt would act.\u001b[2J" });
    expect(stdout.split("\n").filter((line) => line.startsWith("It would"))).toEqual(["It would not act."]);
    expect(stdout).not.toContain("\u001b");
  });

  test("says that a tool asks first", async () => {
    const { stdout } = await triggers("test", "vent");
    expect(stdout).toContain("Intent:      vent, tool open_vent");
    expect(stdout).toContain("asks first");
  });

  test.each([
    [{ at: "yesterday" }, "--at takes a time"],
    [{ topic: "a" }, "--topic has no effect"],
  ])("%j is refused", async (values, message) => {
    await expect(triggers("test", "dry-bed", values)).rejects.toThrow(message);
  });

  test("the topic is the trigger's own, or must be given", async () => {
    const config = at("broker.yaml");
    const act = 'do: {message: "{topic.1} is dry"}';
    const both = `  - {name: one, when: {mqtt: {topic: garden/north}}, ${act}}\n  - {name: all, when: {mqtt: {topic: garden/+}}, ${act}}\n`;
    await writeFile(
      config,
      `spec: {name: a}\nsession: {dir: state}\nmqtt: {url: "mqtt://127.0.0.1"}\ntriggers:\n${both}`,
    );
    expect((await triggers("test", "one", { config })).stdout).toContain('message "north is dry"');
    await expect(triggers("test", "all", { config })).rejects.toThrow("--topic is missing");
    const { stdout } = await triggers("test", "all", { config, topic: "garden/south" });
    expect(stdout).toContain('message "south is dry"');
    await expect(triggers("test", "all", { config, topic: "garden/#" })).rejects.toThrow(
      '--topic "garden/#" is wrong.',
    );
  });

  test("a name that is nearly right gets advice", async () => {
    await expect(triggers("test", "drybed")).rejects.toMatchObject({ code: "usage", hint: 'Did you mean "dry-bed"?' });
  });
});

describe("without a service", () => {
  test("the log is empty at first, and list shows what would run", async () => {
    expect((await triggers("log")).stdout).toContain("Nothing has happened yet");
    const { stdout, exitCode } = await triggers("list");
    expect(stdout).toMatch(/^dry-bed +command node +not running +0 +never$/m);
    expect(stdout).toMatch(/^morning +schedule 0 6 \* \* \* Europe\/Berlin +not running +0 +never +\d{4}-/m);
    expect(stdout).toMatch(/^off +every 1d +off +0 +never$/m);
    expect(stdout).toContain("No service runs them.");
    expect(exitCode).toBe(0);
  });

  test("run does one event, with a key and an answer, and log and list show it", async () => {
    const { exitCode, stdout, stderr } = await triggers("run", "dry-bed", { payload: dry });
    const id = /^Event (\S+) of dry-bed\.$/m.exec(stderr)?.[1];
    expect(stdout).toBe("done: watered north for 5 minutes\n");
    expect(exitCode).toBe(0);
    expect(await readFile(at("acts.txt"), "utf8")).toBe(`dry-bed ${id}.do north 5\n`);
    expect(await readFile(at("answers.jsonl"), "utf8")).toContain(String(id));

    const [line = ""] = (await triggers("log", undefined, { json: true })).stdout.split("\n");
    expect(JSON.parse(line)).toMatchObject({
      event: { id, trigger: "dry-bed", payload: { bed: "north", percent: 21 } },
      conditions: { verdict: "met" },
      act: { key: `${id}.do`, tool: "water_bed", arguments: { bed: "north", minutes: 5 }, outcome: "done" },
      calls: [],
      outcome: "done",
      tries: 1,
    });
    const log = await triggers("log", "dry-bed");
    expect(log.stdout).toMatch(/ dry-bed .* done +water_bed bed="north" minutes=5 +1 +watered north/);
    expect(log.stdout).not.toContain("\u001b");
    expect((await triggers("log", "morning")).stdout).toContain('The log has no event of the trigger "morning".');
    expect((await triggers("log", undefined, { unknown: true })).stdout).toContain("may or may not have happened");
    expect((await triggers("list")).stdout).toMatch(/^dry-bed .*not running +0 +\d{4}-\S+ \S+ done$/m);
    const listed = JSON.parse((await triggers("list", undefined, { json: true })).stdout);
    expect(listed).toMatchObject({
      service: null,
      triggers: [{ name: "dry-bed", status: "not-running", open: 0 }, {}, {}, {}],
    });
  });

  test("an act that fails has the exit code 1", async () => {
    const payload = JSON.stringify({ bed: "broken", percent: 1 });
    const { exitCode, stdout } = await triggers("run", "dry-bed", { payload, json: true });
    expect(JSON.parse(stdout)).toMatchObject({ trigger: "dry-bed", outcome: "failed", tries: 1 });
    expect(stdout).toContain("the valve is stuck");
    expect(exitCode).toBe(1);
  });

  test("a tool that asks is refused where nobody can be asked", async () => {
    const { exitCode, stdout } = await triggers("run", "vent");
    expect(stdout).toContain("failed");
    expect(exitCode).toBe(1);
  });

  test("an event that was there before is not run again, nor after a restart", async () => {
    const payload = JSON.stringify({ bed: "north", percent: 21, id: 7 });
    const first = await triggers("run", "dry-bed", { payload });
    const id = /^Event (\S+) of/m.exec(first.stderr)?.[1];
    const again = await triggers("run", "dry-bed", { payload });
    const stdout = `The same event was there before: ${id}. Nothing was run again.\n`;
    expect(again).toEqual({ exitCode: 0, stdout, stderr: "" });
    const { stdout: json } = await triggers("run", "dry-bed", { payload, json: true });
    expect(JSON.parse(json)).toEqual({ id, trigger: "dry-bed", repeated: true });
    expect((await readFile(at("acts.txt"), "utf8")).trim().split("\n")).toHaveLength(1);
  });

  test("an interrupted act has some time to end, and its end is told", async () => {
    const config = CONFIG.replace("    then: {file: {path: answers.jsonl}}\n", "");
    await writeFile(at("agent.yaml"), config);
    const stop = new AbortController();
    const running = triggers("run", "dry-bed", { payload: JSON.stringify({ bed: "later", percent: 1 }) }, stop);
    await vi.waitFor(async () => expect((await triggers("log", undefined, { json: true })).stdout).toContain('"key"'), {
      timeout: 20_000,
    });
    stop.abort({ cause: "signal", exitCode: 130 });
    const { exitCode, stderr } = await running;
    expect(stderr).toMatch(/Interrupted\. The work on the event \S+ has ended: done: watered later\n$/);
    expect(exitCode).toBe(130);
  });

  test("an interrupted act that may have happened is told, and the log escapes what strangers send", async () => {
    const stop = new AbortController();
    const payload = JSON.stringify({ bed: "slow", percent: 1 });
    const running = triggers("run", "dry-bed", { payload }, stop);
    const hasAct = async () => {
      const { stdout } = await triggers("log", undefined, { json: true });
      expect(stdout).toContain('"key"');
    };
    await vi.waitFor(hasAct, { timeout: 20_000 });
    stop.abort({ cause: "signal", exitCode: 130 });
    const { exitCode, stderr } = await running;
    expect(stderr).toMatch(/Interrupted\. The .* may or may not have /);
    expect(exitCode).toBe(130);
    expect((await triggers("list")).stdout).toMatch(/^dry-bed .*not running +[01] /m);

    expect((await triggers("run", "dry-bed", { payload: "\u001b[2Jhello" })).exitCode).toBe(1);
    const shown = await triggers("log", "dry-bed");
    expect(shown.stdout).toContain("hello");
    expect(shown.stdout).not.toContain("\u001b");
  });

  test("log and list show events that were dropped", async () => {
    const full = CONFIG.replace("    tries: 1\n", "    tries: 1\n    queue: {max_events: 1, when_full: drop-newest}\n");
    await writeFile(at("agent.yaml"), full);
    const agent = await openAgent(await readConfig(at("agent.yaml")));
    await using server = createServer(agent, { version: "1.0.0" });
    await server.listen({ port: 0 });
    const stop = new AbortController();
    const payload = JSON.stringify({ bed: "slow", percent: 1 });
    const running = triggers("run", "dry-bed", { payload }, stop);
    await vi.waitFor(async () => expect((await triggers("list")).stdout).toMatch(/^dry-bed .* 1 +never$/m), {
      timeout: 20_000,
    });
    await expect(triggers("run", "dry-bed", { payload: dry })).rejects.toMatchObject({ code: "event-refused" });
    expect((await triggers("list")).stdout).toMatch(/^dry-bed +command node +armed +1 +1 +never$/m);
    stop.abort({ cause: "signal", exitCode: 130 });
    await running;
    await server.close();
    expect((await triggers("list")).stdout).toMatch(/^name .* waiting +dropped +last/m);
    expect((await triggers("log")).stdout).toMatch(
      / dry-bed +1 event +dropped .*An event was dropped: the queue was full/,
    );
  });

  test("triggers without a session, and a config without triggers", async () => {
    await writeFile(at("none.yaml"), "spec: {name: a}\n");
    await expect(triggers("list", undefined, { config: at("none.yaml") })).rejects.toThrow("has no triggers");
    await writeFile(at("bare.yaml"), "spec: {name: a}\ntriggers: [{name: t, when: {every: 1m}, do: {sentence: a}}]\n");
    const refused = triggers("list", undefined, { config: at("bare.yaml") });
    await expect(refused).rejects.toMatchObject({ code: "triggers-need-session" });
  });
});

test("with a service, list and run ask the service", async () => {
  const agent = await openAgent(await readConfig(at("agent.yaml")));
  await using server = createServer(agent, { version: "1.0.0" });
  await server.listen({ port: 0 });
  const { stdout } = await triggers("list");
  expect(stdout).toMatch(/^dry-bed +command node +armed +0 +never$/m);
  expect(stdout).not.toContain("No service");
  const ran = await triggers("run", "dry-bed", { payload: dry });
  expect(ran.stderr).toMatch(/^Event \S+ of dry-bed, in the running service\.$/m);
  expect(ran).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("done: watered north") });
  expect((await triggers("log")).stdout).toContain("dry-bed");
  const stop = new AbortController();
  stop.abort({ cause: "signal", exitCode: 130 });
  expect((await triggers("run", "morning", {}, stop)).exitCode).toBe(130);
});
