import { appendFile, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { readConfig } from "@nanoagent/runtime/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repository } from "../run-program.js";
import { hasScript, Terminal } from "../terminal.js";
import { codeBlocks, DocumentRunner } from "./document-runner.js";
import { ExampleCopy, type Reply } from "./example-copy.js";

let documents: DocumentRunner;
beforeAll(async () => {
  documents = await DocumentRunner.open();
});
afterAll(() => documents.close());

const copyOf = (name: string) => ExampleCopy.of(name, documents.folder);
const contents = (replies: readonly Reply[]) => replies.map(({ content }) => content);

/** Fails unless the agent's reply to each message begins with this text. */
async function expectReplies(
  name: string,
  sentences: readonly [message: string, reply: string][],
  environment: Record<string, string> = {},
): Promise<void> {
  const messages = sentences.map(([message]) => message);
  const replies = contents(await (await copyOf(name)).replies(messages, environment));
  const beginnings = replies.map((reply, index) => reply.slice(0, sentences[index]?.[1].length));
  expect(messages.map((message, index) => [message, beginnings[index]])).toEqual(sentences);
}

describe("agents", () => {
  test.each(["greenhouse", "kiosk", "log-watcher", "meter-reader", "meeting-notes"])(
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
    expect(stdout).toMatch(/\nWhat next:\n(?: {2}node .*\n){4}$/);
    expect(stderr).toBe("");
  });
});

describe("kiosk", () => {
  const thursdayAfternoon = { KIOSK_NOW: "2026-05-14T14:05" };
  const thursday = "Today we are open from 10:00 to 20:00.";
  const restrooms = "The restrooms are on the ground floor, behind the ticket desk.";
  const baños = "Los baños están en la planta baja, detrás de la taquilla.";
  const nextBus = "The next bus leaves at 15:10, in 65 min.";
  const accessible = "Todo el museo es accesible sin escalones.";

  const sentences: [message: string, reply: string][] = [
    ["hello, until when are you open today?", thursday],
    ["ARE YOU STILL OPEN??", thursday],
    ["What are your opening hours", thursday],
    ["Does the museum open tomorrow?", "Tomorrow we are open from 10:00 to 18:00."],
    ["when does it close on Sundays?", "On Sunday we are open from 09:00 to 17:00."],
    ["¿Hasta qué hora está abierto hoy?", "Hoy abrimos de 10:00 a 20:00."],
    ["abren el lunes?", "El lunes está cerrado. El martes abrimos a las 10:00."],
    ["¿Cuál es el horario del museo el sábado?", "El sábado abrimos de 09:00 a 18:00."],
    ["Excuse me, where's the nearest toilet?", restrooms],
    ["I need a bathroom please", restrooms],
    ["busco los aseos", baños],
    ["Perdón, ¿dónde hay un baño?", baños],
    ["donde estan los lavabos", baños],
    ["is there a lift in the museum", "The elevator is to the right of the main stairs."],
    ["¿Cómo se va al ascensor?", "El ascensor está a la derecha de la escalera principal."],
    ["what time are your guided tours?", "The next tour starts at 15:00, in 55 min."],
    ["a qué hora empieza la siguiente visita guiada", "La próxima visita empieza a las 15:00, en 55 min."],
    ["when does the bus leave to the city", nextBus],
    ["Next bus downtown?", nextBus],
    ["Hola, ¿cuándo pasa el autobús?", "El próximo autobús sale a las 15:10, en 65 min."],
    ["can we get in with a stroller?", "The whole museum is step-free."],
    ["¿Es accesible para sillas de ruedas?", accessible],
    ["se puede visitar en silla de ruedas", accessible],
    ["Hello, what is the status of the elevator?", "Sorry, I don't know that."],
    ["What does it cost?", "Sorry, I don't know that."],
    ["¿Cuánto cuesta la entrada?", "Perdón, eso no lo sé."],
  ];

  test("answers what people say, in other words than its config has", async () => {
    await expectReplies("kiosk", sentences, thursdayAfternoon);
  });

  test.each([
    ["2026-05-14T08:00", "Today we are open from 10:00 to 20:00.", "The next tour starts at 11:00, in 180 min."],
    ["2026-05-14T19:59", "Today we are open from 10:00 to 20:00.", "Tomorrow the first tour starts at 11:00."],
    ["2026-05-14T20:00", "We closed at 20:00 today. Tomorrow we open at 10:00.", null],
    ["2026-05-15T00:00", "Today we are open from 10:00 to 18:00.", "The next tour starts at 11:00, in 660 min."],
    ["2026-05-18T12:00", "Today we are closed. Tomorrow we open at 10:00.", "Tomorrow the first tour starts at 11:00."],
    ["2026-12-23T19:00", "We closed at 18:00 today. On Saturday we open at 09:00.", null],
    [
      "2026-12-24T10:30",
      "Today we are closed. On Saturday we open at 09:00.",
      "On Saturday the first tour starts at 10:00.",
    ],
    ["2026-03-29T02:30", "Today we are open from 09:00 to 17:00.", null],
  ])("at %s", async (now, hours, tour) => {
    const copy = await copyOf("kiosk");
    const [first, second] = contents(await copy.replies(["are you open?", "next tour"], { KIOSK_NOW: now }));
    expect(first).toBe(hours);
    if (tour !== null) expect(second).toBe(tour);
  });

  test("staff is not called where nobody can be asked, and the visitor learns where to go", async () => {
    const copy = await copyOf("kiosk");
    const replies = await copy.replies(["call someone please", "¿Me puede ayudar?"]);
    expect(contents(replies)).toEqual([
      "I did not call anyone. Please go to the ticket desk on the ground floor.",
      "No he avisado a nadie. Por favor, vaya a la taquilla de la planta baja.",
    ]);
    expect(replies.map(({ tools }) => tools.map(({ name, is_error }) => [name, is_error]))).toEqual([
      [["call_staff", true]],
      [["call_staff", true]],
    ]);
    expect(await readdir(copy.place)).not.toContain("state");
  });

  test.skipIf(!hasScript)("staff is called after a yes at a terminal (script(1)), and not after a no", async () => {
    const copy = await copyOf("kiosk");
    const terminal = new Terminal(["run", "--config", path.join(copy.place, "agent.yaml")]);
    await terminal.see("You: ");
    terminal.type("call staff\r");
    await terminal.see('Run call_staff with {"reason":"help"}? [y/N] ');
    terminal.type("n\r");
    await terminal.see("Agent: I did not call anyone.");
    await terminal.see("You: ");
    expect(await readdir(copy.place)).not.toContain("state");
    terminal.type("por favor llame al personal\r");
    await terminal.see("[y/N] ");
    terminal.type("y\r");
    await terminal.see("Agent: Alguien viene enseguida.");
    await terminal.see("You: ");
    terminal.type("quit\r");
    expect(await terminal.ended).toBe(0);
    const calls = (await readFile(path.join(copy.place, "state/calls.jsonl"), "utf8")).trimEnd().split("\n");
    expect(calls.map((line) => JSON.parse(line).reason)).toEqual(["help"]);
  });

  test("visitors do not see each other's questions", async () => {
    const copy = await copyOf("kiosk");
    const replies = contents(await copy.replies(["where is the shop?", "/history", "/memory", "quit", "hola"]));
    for (const reply of replies.slice(1, 4)) expect(reply).toMatch(/^Sorry, I don't know that\./);
    expect(replies[4]).toMatch(/^¡Bienvenidos/);
    expect(await readdir(copy.place)).not.toContain("state");
  });

  test("staff is called once for each key", async () => {
    const copy = await copyOf("kiosk");
    for (const key of ["a", "a", "b"]) {
      await copy.result(["call-staff.mjs", "help"], { NANOAGENT_IDEMPOTENCY_KEY: key });
    }
    const calls = (await readFile(path.join(copy.place, "state/calls.jsonl"), "utf8")).trimEnd().split("\n");
    expect(calls.map((line) => JSON.parse(line).key)).toEqual(["a", "b"]);
  });

  test.each([
    ["{", "museum.json cannot be read: "],
    ['{"hours": {}, "places": {}}', 'museum.json has no "closed_dates"'],
    [" ".repeat(300_000), "museum.json is larger than"],
  ])("a damaged museum.json is named", async (text, message) => {
    const copy = await copyOf("kiosk");
    await writeFile(path.join(copy.place, "museum.json"), text);
    const { exitCode, stderr } = await copy.script(["museum.mjs", "hours", "today"]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`error: ${message}`);
  });
});

describe("log watcher", () => {
  const newest = "13:58:01 systemd: Failed to start php-fpm.service. (2 min ago)";

  const sentences: [message: string, reply: string][] = [
    ["How many errors were there in the past hour?", "6 errors in the last hour (nginx 4, php-fpm 1, systemd 1)."],
    ["did we have any problems today", "11 errors since midnight ("],
    ["Were there any failures in the last 2 hours?", "7 errors in the last 2 hours"],
    ["any errors within the last 5 min", "3 errors in the last 5 minutes"],
    ["how many errors since 1:30 p.m.", "4 errors since 13:30"],
    ["how many errors since 23:00?", "11 errors since 23:00 yesterday"],
    ["any errors in the last minute?", "No errors in the last minute."],
    ["what's the most recent error?", newest],
    ["When was the last error?", newest],
    ["Is nginx.service failing?", "nginx.service: 4 errors in the last 24 hours."],
    ["What's wrong with php-fpm?", "php-fpm: 2 errors in the last 24 hours."],
    ["is cron working", "cron has no errors in the last 24 hours."],
    ["is postgres down?", "The log has no lines of postgres. It has lines of cron, "],
    ["is anything broken?", "11 errors in the last 24 hours"],
    ["What were the top errors today", "3 × nginx: error: upstream timed out"],
    ["list the main problems of the last 6 hours", "3 × nginx: error: upstream timed out"],
    ["Tail the last 1 lines", "13:58:01 systemd: Failed to start php-fpm.service."],
    ['search for "usb"', "08:41:02 kernel: usb 1-1.2: new full-speed USB device"],
    ["grep nothing-like-this", 'No line contains "nothing-like-this".'],
    ["tell me a joke", "I did not understand that."],
  ];

  test("answers what people say, in other words than its config has", async () => {
    await expectReplies("log-watcher", sentences);
  });

  test("reads lines of syslog and journalctl, also around New Year, and leaves out what is not a line of it", async () => {
    const copy = await copyOf("log-watcher");
    await writeFile(
      path.join(copy.place, "syslog.txt"),
      [
        "Dec 31 23:59:50 gateway app[1]: error: first",
        "Jan  1 00:00:10 gateway app[1]: error: second",
        "  a line that continues the one before: error",
        "2027-01-01T00:00:12+0100 gateway app[1]: error: third, from an older journalctl",
        "2027-01-01T00:00:14.123456+01:00 gateway app[1]: error: fourth, from a newer rsyslog",
        "-- Boot 5d1f --",
        "Jan  1 00:00:20 gateway app[1]: finished with 0 errors",
        "Jan  1 00:00:30 gateway app[1]: err",
      ].join("\r\n"),
    );
    const environment = { LOG_FILE: "syslog.txt", LOG_NOW: "2027-01-01T00:01:00", TZ: "Europe/Berlin" };
    expect(await copy.result(["logs.mjs", "count", "1h"], environment)).toMatchObject({ errors: 4, by: "app 4" });
    expect(await copy.result(["logs.mjs", "count", "today"], environment)).toMatchObject({ errors: 3 });
    expect(await copy.result(["logs.mjs", "tail", "50"], environment)).toMatchObject({
      lines: expect.stringMatching(/^23:59:50 app: error: first\n/),
    });
  });

  test("reads the end of a large log, within the memory that the agent has for tools", async () => {
    const copy = await copyOf("log-watcher");
    const line = "2026-05-14T13:30:00+00:00 gateway app[1]: error: the disk is full, again and again\n";
    await writeFile(path.join(copy.place, "large.txt"), `OLD ${line.repeat(60_000)}`);
    const [answer] = contents(await copy.replies(["how many errors in the last hour?"], { LOG_FILE: "large.txt" }));
    expect(answer).toMatch(/^5\d{4} errors in the last hour \(app 5\d{4}\)\./);
  });

  test("reads your own log by the clock when the lines for the sample are deleted", async () => {
    const copy = await copyOf("log-watcher");
    await copy.deleteFromConfig(/^ +(?:LOG_NOW|TZ): .*\n/gm);
    const line = `${new Date(Date.now() - 60_000).toISOString()} gateway app[1]: error: just now\n`;
    await writeFile(path.join(copy.place, "own.txt"), line);
    const [answer] = contents(await copy.replies(["any errors in the last 5 minutes?"], { LOG_FILE: "own.txt" }));
    expect(answer).toMatch(/^1 error in the last 5 minutes \(app 1\)\. The newest: .* app: error: just now$/);
  });

  test("a log that cannot be read is named", async () => {
    const copy = await copyOf("log-watcher");
    const [answer] = contents(await copy.replies(["newest error"], { LOG_FILE: "/nowhere/log" }));
    expect(answer).toContain("cannot read /nowhere/log: ENOENT");
  });
});

describe("meter reader", () => {
  const sentences: [message: string, reply: string][] = [
    [
      "how much did we consume yesterday",
      "Yesterday: house 11.5 kWh, heat pump 17.1 kWh, car charger 1.3 kWh, water 1.49 m³.",
    ],
    [
      "How much electricity have we used on Saturday?",
      "On Mar 28: house 11.8 kWh, heat pump 16.5 kWh, car charger 7.4 kWh, together 35.7 kWh.",
    ],
    ["How much power was used between March 24 and March 27th?", "From Mar 24 through Mar 27: house 47.1 kWh"],
    ["our water usage this week", "This week: water 0.45 m³."],
    ["how much does the wallbox need on March 23rd", "On Mar 23: car charger "],
    ["Show me the consumption of the heating for the last 7 days", "In the last 7 days: heat pump 119.4 kWh."],
    ["show me the consumption of the heating in the last 7 days", "In the last 7 days: heat pump 119.4 kWh."],
    ["how much water did we use in February?", "There are no readings in February."],
    ["how much energy do we use so far today", "Today: house 2.7 kWh, heat pump 6.0 kWh"],
    ["What uses the most electricity?", "The meter that used most yesterday: heat pump, 17.1 kWh, 57 % of the total."],
    ["who was the largest consumer?", "The meter that used most yesterday: heat pump"],
    ["How much did the garden use?", "I did not understand that."],
    ["what was our largest consumer last week?", "The meter that used most last week: heat pump, 119.4 kWh"],
    ["what does the water meter say?", "Water: 520.81 m³ at 08:00 on Mar 30"],
    ["Show the current readings", "House: 18405.0 kWh at 08:00 on Mar 30\nHeat pump: "],
    ["is there a leak?", "Unusual yesterday: water, 1.56 m³ in 24 hours instead of 0.47 m³."],
    ["Was there something strange yesterday?", "Unusual yesterday: water"],
  ];

  test("answers what people say, in other words than its config has", async () => {
    await expectReplies("meter-reader", sentences);
  });

  /** A meter that counts 1 kWh in each hour, read on the hour. */
  async function steadyMeter(from: string, hours: number): Promise<ExampleCopy> {
    const copy = await copyOf("meter-reader");
    const rows = Array.from({ length: hours + 1 }, (_, hour) => {
      const time = new Date(Date.parse(from) + hour * 3_600_000).toISOString();
      return `${time},house,${(1000 + hour).toFixed(1)}\n`;
    });
    await writeFile(path.join(copy.place, "steady.csv"), `time,meter,value\n${rows.join("")}`);
    return copy;
  }
  const inBerlin = (now: string) => ({ METER_FILE: "steady.csv", METER_NOW: now, TZ: "Europe/Berlin" });

  test.each([
    ["one second before midnight", "2026-03-27T23:59:59", "yesterday", "Yesterday: house 24.0 kWh."],
    ["at midnight", "2026-03-28T00:00:00", "yesterday", "Yesterday: house 24.0 kWh."],
    ["the day after the clocks went forward", "2026-03-30T00:00:01", "yesterday", "Yesterday: house 23.0 kWh."],
    ["in the hour that does not exist", "2026-03-29T02:30:00", "yesterday", "Yesterday: house 24.0 kWh."],
    ["the week of the change", "2026-03-30T09:00:00", "last-week", "Last week: house 167.0 kWh."],
    ["over the change", "2026-03-30T09:00:00", "3-28..3-29", "From Mar 28 through Mar 29: house 47.0 kWh."],
    ["the day itself", "2026-03-30T09:00:00", "sunday", "On Mar 29: house 23.0 kWh."],
  ])("spring, %s", async (_, now, period, spoken) => {
    const copy = await steadyMeter("2026-03-22T22:00:00Z", 24 * 9);
    expect(await copy.result(["meters.mjs", "used", "house", period], inBerlin(now))).toMatchObject({ spoken });
  });

  test.each([
    ["the day after the clocks went back", "2026-10-26T00:00:00", "yesterday", "Yesterday: house 25.0 kWh."],
    ["in the hour that is there twice", "2026-10-25T02:30:00", "yesterday", "Yesterday: house 24.0 kWh."],
    ["the last three days", "2026-10-26T12:00:00", "3d", "In the last 3 days: house 73.0 kWh."],
  ])("autumn, %s", async (_, now, period, spoken) => {
    const copy = await steadyMeter("2026-10-19T22:00:00Z", 24 * 8);
    expect(await copy.result(["meters.mjs", "used", "house", period], inBerlin(now))).toMatchObject({ spoken });
  });

  test("a steady meter is not unusual on a day of 23 hours", async () => {
    const copy = await steadyMeter("2026-03-19T23:00:00Z", 24 * 11);
    expect(await copy.result(["meters.mjs", "unusual"], inBerlin("2026-03-30T09:00:00"))).toEqual({
      none: "Nothing unusual yesterday.",
    });
  });

  test("a period over New Year belongs to two years", async () => {
    const copy = await steadyMeter("2026-12-28T23:00:00Z", 24 * 10);
    const used = (period: string) =>
      copy.result(["meters.mjs", "used", "house", period], inBerlin("2027-01-07T00:00:00"));
    expect(await used("12-30..1-2")).toEqual({ spoken: "From Dec 30, 2026 through Jan 2: house 96.0 kWh." });
    expect(await used("12")).toMatchObject({ spoken: "In December: house 72.0 kWh." });
  });

  test("reads your own meters by the clock when the line for the sample is deleted", async () => {
    const hours = 72;
    const copy = await steadyMeter(new Date(Date.now() - hours * 3_600_000).toISOString(), hours);
    await copy.deleteFromConfig(/^ +METER_NOW: .*\n/gm);
    const [answer] = contents(await copy.replies(["house consumption yesterday"], { METER_FILE: "steady.csv" }));
    expect(answer).toMatch(/^Yesterday: house 2[345]\.0 kWh\.$/);
  });

  test("unfinished, damaged and doubled lines do no harm, and a counter that goes back is named", async () => {
    const copy = await copyOf("meter-reader");
    const file = path.join(copy.place, "steady.csv");
    await writeFile(
      file,
      "time,meter,value\r\n2026-05-13 00:00,house,100\r\nnonsense\r\n2026-05-13T12:00,house,NaN\r\n",
    );
    await appendFile(file, "2026-05-13T12:00,house,1,2\n2026-05-13T12:00,house,999\n2026-05-13T12:00,house,106\n");
    await appendFile(
      file,
      "2026-05-14T00:00,house,112\n2026-05-14T06:00,house,3\n2026-05-14T12:00,house,5\n2026-05-14T13:00,house,9",
    );
    const at = inBerlin("2026-05-14T12:30");
    expect(await copy.result(["meters.mjs", "used", "house", "yesterday"], at)).toEqual({
      spoken: "Yesterday: house 12.0 kWh.",
    });
    expect(await copy.result(["meters.mjs", "used", "house", "today"], at)).toEqual({
      spoken: "Today: house 2.0 kWh.",
      note: "The counter of the house meter went back, so a part is not counted.",
    });
  });

  test.each([
    ["{", "meters.json cannot be read: "],
    ['{"house": {"name": "house", "kind": "electricity", "digits": 1}}', 'meters.json: "house" needs a name'],
    [" ".repeat(70_000), "meters.json is larger than"],
  ])("a damaged meters.json is named", async (text, message) => {
    const copy = await copyOf("meter-reader");
    await writeFile(path.join(copy.place, "meters.json"), text);
    const { exitCode, stderr } = await copy.script(["meters.mjs", "newest", "all"]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`error: ${message}`);
  });

  test("reads the end of a large file, within the memory that the agent has for tools", async () => {
    const copy = await steadyMeter("2016-03-30T08:00:00Z", 24 * 3652);
    const environment = { METER_FILE: "steady.csv", METER_NOW: "2026-03-30T08:30" };
    const [answer] = contents(await copy.replies(["how much did the house use yesterday?"], environment));
    expect(answer).toBe("Yesterday: house 23.0 kWh.");
  });
});

describe("meeting notes", () => {
  test("keeps what is said, lists it and exports it", async () => {
    const copy = await copyOf("meeting-notes");
    const replies = contents(
      await copy.replies(
        [
          "Start a new meeting about the summer party",
          "please note down that the garden is booked",
          "write down: - 5 degrees is too cold <b>",
          "Action item for Ben: buy lamps",
          "new task for Anna Maria to invite everybody",
          "add a to-do for Chris call the band",
          "todo order chairs",
          "We agreed to invite the neighbors.",
          "decision: no fireworks!",
          "what decisions did we make so far?",
          "show me the tasks for ANNA MARIA",
          "what must ben do?",
          "Show me our notes",
          "action for Zoe",
          "save the minutes as Markdown",
        ],
        { NOTES_NOW: "2026-05-14T23:59:59" },
      ),
    );
    expect(replies).toEqual([
      'The meeting "the summer party" begins.',
      "Note saved: the garden is booked",
      "Note saved: - 5 degrees is too cold <b>",
      "Action saved: Ben: buy lamps",
      "Action saved: Anna Maria: invite everybody",
      "Action saved: Chris: call the band",
      "Action saved: order chairs",
      "Decision saved: invite the neighbors",
      "Decision saved: no fireworks",
      "1. invite the neighbors\n2. no fireworks",
      "1. Anna Maria: invite everybody",
      "1. Ben: buy lamps",
      expect.stringMatching(/^1\. note: the garden is booked\n(?:.*\n){6}8\. decision: no fireworks$/),
      'Who does it? Say it as in "action for Anna: send the budget".',
      "Saved 8 entries to state/2026-05-14-the-summer-party.md.",
    ]);
    expect(await readFile(path.join(copy.place, "state/2026-05-14-the-summer-party.md"), "utf8")).toBe(
      `# The summer party

2026-05-14

## Decisions

- invite the neighbors
- no fireworks

## Actions

- [ ] **Ben**: buy lamps
- [ ] **Anna Maria**: invite everybody
- [ ] **Chris**: call the band
- [ ] order chairs

## Notes

- the garden is booked
- - 5 degrees is too cold &lt;b>
`,
    );
    const later = contents(await copy.replies(["new meeting on prices", "list everything", "export"]));
    expect(later.slice(1)).toEqual(["There are no entries yet.", "There are no entries to export yet."]);
  });

  test("removing is refused where nobody can be asked", async () => {
    const copy = await copyOf("meeting-notes");
    const replies = await copy.replies(["note a", "scratch that", "delete the last note", "show the notes"]);
    expect(contents(replies)).toEqual([
      "Note saved: a",
      "I removed nothing: The tool remove_last was not allowed to run.",
      "I removed nothing: The tool remove_last was not allowed to run.",
      "1. note: a",
    ]);
  });

  test("adds and removes once for each key, also behind a line that a power cut left unfinished", async () => {
    const copy = await copyOf("meeting-notes");
    const notes = (key: string, ...commandLine: string[]) =>
      copy.result(["notes.mjs", ...commandLine], { NANOAGENT_IDEMPOTENCY_KEY: key });
    const first = await notes("1", "add", "note", "one");
    expect(await notes("1", "add", "note", "one")).toEqual(first);
    await notes("2", "add", "note", "two");
    await appendFile(path.join(copy.place, "state/notes.jsonl"), '{"kind":"note","te');
    await notes("3", "add", "note", "three");
    expect(await notes("", "list", "all")).toEqual({ lines: "1. note: one\n2. note: two\n3. note: three" });
    for (const key of ["4", "4", "5"]) await notes(key, "remove-last");
    expect(await notes("", "list", "all")).toEqual({ lines: "1. note: one" });
    expect(await notes("6", "remove-last")).toEqual({ spoken: "Removed: one" });
    expect(await notes("6", "remove-last")).toEqual({ spoken: "Removed: one" });
    expect(await notes("7", "remove-last")).toEqual({ none: "There is nothing to remove." });
  });

  test("a text that is too long is refused, and the notebook stays as it is", async () => {
    const copy = await copyOf("meeting-notes");
    const { exitCode, stderr } = await copy.script(["notes.mjs", "add", "note", "x".repeat(2001)]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: "error: the text is longer than 2000 characters\n" });
    expect(await copy.result(["notes.mjs", "list", "all"])).toEqual({ none: "There are no entries yet." });
  });

  test("a full notebook is named", async () => {
    const copy = await copyOf("meeting-notes");
    await copy.result(["notes.mjs", "add", "note", "one"]);
    await writeFile(path.join(copy.place, "state/notes.jsonl"), "x".repeat(2 ** 20 + 1));
    const { exitCode, stderr } = await copy.script(["notes.mjs", "add", "note", "two"]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^error: the notebook is full .* move state\/notes\.jsonl away/);
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
    expect(`$ npx pnpm start\n${await documents.runTypeScript(code, "examples/embed-tools")}`).toBe(block);
  });
});
