import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { readConfig } from "@nanoagent/runtime/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repository } from "../run-program.js";
import { placesIn, ServedProgram } from "../serve/served-program.js";
import { codeBlocks, DocumentRunner } from "./document-runner.js";
import { ExampleCopy } from "./example-copy.js";

let documents: DocumentRunner;
beforeAll(async () => {
  documents = await DocumentRunner.open();
});
afterAll(() => documents.close());

const copyOf = (name: string) => ExampleCopy.of(name, documents.folder);

describe("agents", () => {
  test.each(["greenhouse", "kiosk", "log-watcher", "meter-reader", "meeting-notes", "frost-watch"])(
    "%s prints what its page says, and nothing is wrong with it",
    async (name) => {
      const copy = await copyOf(name);
      expect(await documents.runCommands(`examples/${name}/README.md`, copy.place)).toBeGreaterThan(1);
      const { stdout, exitCode } = await copy.nanoagent(["check"]);
      expect(stdout).toMatch(/\n\nAll is well\.\n$/);
      expect(exitCode).toBe(0);
      const lines = (await readFile(path.join(copy.place, "README.md"), "utf8")).split("\n");
      expect(lines.length, "at most one screen").toBeLessThan(45);
      const config = await readFile(path.join(copy.place, "agent.yaml"), "utf8");
      expect(config).toMatch(/^# yaml-language-server: \$schema=\.\.\/\.\.\/packages\/models\/schemas\//);
    },
  );

  test.each(["kiosk", "log-watcher", "meeting-notes"])(
    "%s has a valid config with the lines for a model",
    async (name) => {
      const copy = await copyOf(name);
      const { model_path, instructions } = await readConfig(await copy.writeConfigWithModel("with-model.yaml"));
      expect(model_path).toBe(path.join(copy.place, "model.gguf"));
      expect(instructions).toMatch(/^You .*\n?$/);
    },
  );

  test.each([
    ["greenhouse", ["sensor.mjs"], "Usage: sensor.mjs"],
    ["greenhouse", ["sensor.mjs", "bed", "west"], 'unknown bed "west"'],
    ["greenhouse", ["sensor.mjs", "bed", "constructor"], 'unknown bed "constructor"'],
    ["greenhouse", ["actuator.mjs", "fly"], "Usage: actuator.mjs"],
    ["greenhouse", ["actuator.mjs", "vent", "up"], 'unknown position "up"'],
    ["greenhouse", ["actuator.mjs", "water", "north", "31"], "minutes must be from 1 to 30"],
    ["greenhouse", ["actuator.mjs", "water", "north", "x"], "minutes must be from 1 to 30"],
    ["kiosk", ["museum.mjs"], "Usage: museum.mjs"],
    ["kiosk", ["museum.mjs", "toString", "today"], "Usage: museum.mjs"],
    ["kiosk", ["museum.mjs", "hours", "someday"], 'unknown day "someday"'],
    ["kiosk", ["museum.mjs", "place", "__proto__"], 'unknown place "__proto__"'],
    ["kiosk", ["museum.mjs", "next", "train"], 'unknown timetable "train"'],
    ["kiosk", ["call-staff.mjs", "fire", "now"], "Usage: call-staff.mjs"],
    ["log-watcher", ["logs.mjs", "count"], "Usage: logs.mjs"],
    ["log-watcher", ["logs.mjs", "count", "0h"], '"0h" is not a time'],
    ["log-watcher", ["logs.mjs", "top", "24:00"], '"24:00" is not a time'],
    ["log-watcher", ["logs.mjs", "top", "13:00pm"], '"13:00pm" is not a time'],
    ["log-watcher", ["logs.mjs", "tail", "1000"], "from 1 to 50"],
    ["meter-reader", ["meters.mjs", "used", "house"], "Usage: meters.mjs"],
    ["meter-reader", ["meters.mjs", "used", "garden", "today"], 'unknown meter "garden"'],
    ["meter-reader", ["meters.mjs", "used", "house", "2026-02-30"], '"2026-02-30" is not a period'],
    ["meter-reader", ["meters.mjs", "used", "house", "3-27..3-24"], "ends before it begins"],
    ["meter-reader", ["meters.mjs", "used", "house", "3-24.."], "is not a period"],
    ["frost-watch", ["heater.mjs", "warm"], "Usage: heater.mjs"],
    ["meeting-notes", ["notes.mjs", "add", "note"], "Usage: notes.mjs"],
    ["meeting-notes", ["notes.mjs", "add", "joke", "x"], 'unknown kind "joke"'],
    ["meeting-notes", ["notes.mjs", "add", "note", " "], "the text is empty"],
    ["meeting-notes", ["notes.mjs", "list", "jokes"], 'unknown kind "jokes"'],
  ])("%s: %j is refused", async (name, commandLine, message) => {
    const { exitCode, stdout, stderr } = await (await copyOf(name)).script(commandLine);
    expect(stderr).toMatch(/^error: .*\n$/);
    expect(stderr).toContain(message);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
  });

  test.each([
    ["kiosk", ["museum.mjs", "hours", "today"], "KIOSK_NOW"],
    ["log-watcher", ["logs.mjs", "count", "1h"], "LOG_NOW"],
    ["meter-reader", ["meters.mjs", "used", "house", "today"], "METER_NOW"],
    ["meeting-notes", ["notes.mjs", "start", "x"], "NOTES_NOW"],
  ])("%s: a clock that is not a time is refused", async (name, commandLine, variable) => {
    const { exitCode, stderr } = await (await copyOf(name)).script(commandLine, { [variable]: "noon" });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(new RegExp(`^error: ${variable} "noon" is not a time such as `));
  });
});

describe("greenhouse", () => {
  test("acts once for each key, and remembers", async () => {
    const copy = await copyOf("greenhouse");
    const water = (key: string) =>
      copy.result(["actuator.mjs", "water", "north", "5"], { NANOAGENT_IDEMPOTENCY_KEY: key });
    const first = await water("a");
    expect(first).toMatchObject({ liters: 40, moisture_percent: 48 });
    expect(await water("a")).toEqual(first);
    expect(await water("b")).toMatchObject({ moisture_percent: 68 });
  });

  test("npm start shows it, and then takes messages", async () => {
    const copy = await copyOf("greenhouse");
    const messages = "Südbeet für 3 Minuten gießen\nwhat is the temperature?\n";
    const { stdout, stderr } = await copy.script([path.join(copy.root, "scripts/start.mjs")], {}, messages);
    expect(stdout).toContain("Device ID:");
    expect(stdout).toContain(
      'You:   open the vent\n       (ran set_vent {"position":"open"})\nAgent: The vent is open; it is 21.5 °C.\n',
    );
    expect(stdout).toContain("(did not run water_bed ");
    expect(stdout).toContain(
      "Agent: Ich habe nicht gegossen: The tool water_bed was not allowed to run.\nAgent: It is 21.5 °C at 58 % humidity; the vent is open.\nSession ended.\n",
    );
    expect(stdout).toMatch(/\nWhat next:\n(?: {2}node .*\n){5}$/);
    expect(stderr).toBe("");
  });
});

describe("all of them", () => {
  test("the page of the examples names each one", async () => {
    const page = await readFile(path.join(repository, "examples/README.md"), "utf8");
    const entries = await readdir(path.join(repository, "examples"), { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    expect([...page.matchAll(/^\| \[(\S+)\]\((\S+)\)/gm)].map(([, name]) => name).sort()).toEqual(folders.sort());
  });

  test.each(["containers", "field-assistant", "llama-server"])("%s has a config without faults", async (name) => {
    const copy = await copyOf(name);
    const { exitCode, stdout } = await copy.nanoagent(["check"]);
    expect(stdout).toMatch(/\n\nAll is well\.\n$/);
    expect(exitCode).toBe(0);
  });
});

describe("served-agent", () => {
  test("answers a client as its page says, and nothing is wrong with it", async () => {
    const copy = await copyOf("served-agent");
    const { stdout, exitCode } = await copy.nanoagent(["check"]);
    expect(stdout).toMatch(/\n\nAll is well\.\n$/);
    expect(exitCode).toBe(0);
    const config = path.join(copy.place, "agent.yaml");
    const service = await ServedProgram.start(["--config", config], placesIn(documents.folder));
    const [block = ""] = await codeBlocks("examples/served-agent/README.md", "console");
    const variables = { AGENT_URL: service.url };
    const here = block.replaceAll("http://127.0.0.1:7420", service.url);
    expect(await documents.runConsole(here, copy.place, { variables })).toBe(4);
    expect(JSON.parse(await readFile(path.join(copy.place, "state/lamp.json"), "utf8"))).toEqual({ state: "on" });
    expect(await service.end()).toBe(143);
    for (const [args, message] of [
      [["lamp.mjs"], "Usage: lamp.mjs"],
      [["ask.mjs"], "Usage: ask.mjs"],
      [["ask.mjs", "hello"], "ECONNREFUSED"],
    ] as const) {
      const { stderr, exitCode } = await copy.script(args, variables);
      expect(stderr).toMatch(/^error: .*\n$/);
      expect(stderr).toContain(message);
      expect(exitCode).toBe(1);
    }
  });
});

describe("monitoring", () => {
  test("counts as its page says, and nothing is wrong with it", async () => {
    const copy = await copyOf("monitoring");
    expect((await copy.nanoagent(["check"])).stdout).toMatch(/\n\nAll is well\.\n$/);
    const config = path.join(copy.place, "agent.yaml");
    const service = await ServedProgram.start(["--config", config], placesIn(documents.folder));
    const [block = ""] = await codeBlocks("examples/monitoring/README.md", "console");
    const here = block.replaceAll("http://127.0.0.1:7420", service.url);
    expect(await documents.runConsole(here, copy.place)).toBe(2);
    expect(await service.end()).toBe(143);
  });
});

describe("fleet", () => {
  test("packs and applies its kiosk as its page says, and nothing is wrong with it", { timeout: 60_000 }, async () => {
    const copy = await copyOf("fleet");
    expect(await documents.runCommands("examples/fleet/README.md", copy.place)).toBe(5);
    const { stdout, exitCode } = await copy.nanoagent(["check", "--config", "kiosk/agent.yaml"]);
    expect(stdout).toMatch(/\n\nAll is well\.\n$/);
    expect(exitCode).toBe(0);
    const refused = await copy.script(["kiosk/price.mjs", "dog"]);
    expect(refused).toMatchObject({ exitCode: 1, stdout: "", stderr: 'error: unknown kind "dog"\n' });
  });
});

describe("programs", () => {
  test("conversations share an agent, and one continues later", async () => {
    const code = await readFile(path.join(repository, "examples/conversations/src/main.ts"), "utf8");
    expect(await documents.runTypeScript(code, "examples/conversations")).toMatch(
      /^Hello from greenhouse! How can I assist\?\nRuntime status: OK\..*\n2 messages from before\n$/,
    );
  });

  test("embed-tools prints what its page says", async () => {
    const code = await readFile(path.join(repository, "examples/embed-tools/src/main.ts"), "utf8");
    const [block = ""] = await codeBlocks("examples/embed-tools/README.md", "console");
    expect(`$ npx --yes pnpm@10.34.9 start\n${await documents.runTypeScript(code, "examples/embed-tools")}`).toBe(
      block,
    );
  });
});
