import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { InvalidConfigError } from "@nanoagent/runtime/node";
import { readPlacedConfig } from "@nanoagent/runtime/program";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { checkAgent } from "../../src/check/check-agent.js";
import type { OptionValues } from "../../src/command-line/command.js";
import { checkSettings } from "../../src/serve/check-settings.js";

let folder: string;
const at = (name: string) => path.join(folder, name);

/** Tools and intents of every config here, on one line each, so that the trigger is on line 6. */
const REST = [
  'tools: [{name: water_bed, description: Waters., command: [node, -e, "0", "{bed}", "{minutes}"], permission: always, arguments: {bed: {type: string}, minutes: {type: integer, maximum: 60}}}, {name: open_vent, description: Opens., command: [node, -e, "0"], arguments: {}}, {name: read_only, description: No., command: [node, -e, "0"], permission: never, arguments: {}}]',
  "intents: {slots: {zone: [north, south]}, definitions: [{name: warm, sentences: ['it is warm in the {zone}'], answer: ok}, {name: vent, sentences: [open the vent], tool: open_vent}]}",
  "mqtt: {url: 'mqtt://127.0.0.1', client_id: box}",
  "session: {dir: state, retention: {max_mb: 64}}",
].join("\n");

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nanoagent-check-triggers-"));
  const device = { device_id: "box", platform: "linux-aarch64", memory_mb: 1024, cpu_cores: 4, has_gpu: false };
  await writeFile(at("device.json"), JSON.stringify(device));
});
beforeEach(() => {
  vi.stubEnv("HOOK_SECRET", "something");
  vi.stubEnv("NO_SUCH_SECRET", undefined);
});
afterAll(() => {
  vi.unstubAllEnvs();
  return rm(folder, { recursive: true });
});

async function write(triggers: string, rest = REST): Promise<string> {
  const file = at("checked.yaml");
  await writeFile(file, `spec: {name: a, max_memory_mb: 100}\n${rest}\ntriggers: ${triggers}\n`);
  return file;
}

async function check(triggers: string, { rest = REST, ...values }: OptionValues & { rest?: string } = {}) {
  const file = await write(triggers, rest);
  const stdout = new PassThrough();
  const printed = text(stdout);
  const streams = { stdin: new PassThrough(), stdout, stderr: new PassThrough(), stop: new AbortController().signal };
  const exitCode = await checkAgent({ config: file, ...values }, streams, []);
  stdout.end();
  return { exitCode, stdout: (await printed).replaceAll(folder, "…") };
}

test.each([
  [
    "[{name: dry, when: {mqtt: {topic: 'garden/+/moisture'}}, if: {value: payload.percent, below: 30, hysteresis: 3, for: 5m}, do: {tool: water_bed, arguments: {bed: '{topic.1}', minutes: 5}}, then: {mqtt: {topic: garden/log}}}]",
    "dry (mqtt)",
  ],
  [
    "[{name: morning, when: {schedule: '0 6 * * *', time_zone: Europe/Berlin}, do: {tool: water_bed, arguments: {bed: north, minutes: '5'}}}, {name: off, enabled: false, when: {every: 10m}, do: {sentence: it is warm in the north}}]",
    "morning (schedule), off (off)",
  ],
  ["[{name: warm, when: {mqtt: {topic: t}}, do: {sentence: 'it is warm in the {payload.zone}'}}]", "warm (mqtt)"],
  [
    "[{name: hook, when: {http: {secret_env: HOOK_SECRET}}, do: {tool: water_bed, arguments: {bed: '{payload.bed}', minutes: '{payload.minutes}'}}, then: [{http: {url: 'https://example.org/{trigger}'}}, {file: {path: answers.jsonl}}]}]",
    "hook (http)",
  ],
  ["[{name: lines, when: {command: [node, -e, '0']}, do: {sentence: it is warm in the south}}]", "lines (command)"],
])("%s is right", async (triggers, summary) => {
  const { exitCode, stdout } = await check(triggers);
  expect(/^(.*) +Triggers +(.*); they run under nanoagent serve$/m.exec(stdout)?.slice(1)).toEqual([
    expect.stringContaining("ok"),
    summary,
  ]);
  expect(stdout).not.toContain("triggers.0");
  expect(exitCode).toBe(0);
});

/** A trigger with a right source and a right act, except for the given parts. */
const trigger = (parts: string) => {
  const rest = { when: "{every: 1m}", do: "{sentence: it is warm in the north}" };
  const whole = Object.entries(rest).filter(([key]) => !new RegExp(`(?:^|, )${key}:`).test(parts));
  return `[{name: t, ${[...whole.map(([key, value]) => `${key}: ${value}`), parts].join(", ")}}]`;
};

const wrong: readonly [parts: string, message: string][] = [
  ["when: {schedule: '61 * * * *'}", "triggers.0.when.schedule: "],
  ["when: {schedule: '@reboot'}", "triggers.0.when.schedule: "],
  ["when: {schedule: '0 6 * * *', time_zone: Mars/Base}", "triggers.0.when.time_zone: "],
  ["when: {mqtt: {topic: 'a/#/b'}}", "triggers.0.when.mqtt.topic: The wildcard # can only be the last level."],
  ["when: {mqtt: {topic: 'a/b+'}}", "triggers.0.when.mqtt.topic: "],
  ["if: {value: payload, hysteresis: 3}", "triggers.0.if.hysteresis: "],
  ["if: [{value: payload, above: 3}, {value: topic.1, equals: a}]", "triggers.0.if.1.value: topic.1 has no value"],
  ["if: {quiet_hours: {from: '22:00', to: '06:00', time_zone: Mars/Base}}", "triggers.0.if.quiet_hours.time_zone: "],
  ["dedupe: {by: 'no such path'}", "triggers.0.dedupe.by: "],
  [
    "if: [{value: payload.missed, equals: true, for: 1d}]",
    "triggers.0.if.0.for: An event that waits for 1d expires before: queue.max_age is 1d.",
  ],
  ["if: {value: at, above: 1, for: 3h}, queue: {max_age: 2h}", "triggers.0.if.for: An event that waits for 3h expires"],
  [
    "when: {mqtt: {topic: nanoagent/box/event}}",
    "triggers.0.when.mqtt.topic: The agent does not listen to its own topic nanoagent/box/event",
  ],
  ["queue: {max_age: 400d}", "triggers.0.queue.max_age: 400d is too long."],
  ["then: {mqtt: {topic: 'a/+'}}", "triggers.0.then.mqtt.topic: "],
  [
    "then: [{mqtt: {topic: a}}, {http: {url: example.org}}]",
    'triggers.0.then.1.http.url: "example.org" is not the address',
  ],
  ["then: {mqtt: {topic: a, payload: '{answr}'}}", "triggers.0.then.mqtt.payload: {answr} is not a placeholder."],
  ["do: {message: '{topic.1} is dry'}", "triggers.0.do.message: {topic.1} has no value"],
  ["do: {message: 'before: {answer}'}", "triggers.0.do.message: {answer} has no value before the act."],
];

test.each(wrong)("%s is an error with its position, for check and for serve", async (parts, message) => {
  const triggers = trigger(parts);
  const { exitCode, stdout } = await check(triggers);
  expect(stdout).toMatch(/error: …\/checked\.yaml:6:\d+: /);
  expect(stdout).toContain(message);
  expect(exitCode).toBe(2);
  const { config } = await readPlacedConfig(at("checked.yaml"));
  const refusal = await checkSettings(config, { config: at("checked.yaml") }).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(InvalidConfigError);
});

test.each([
  ["do: {tool: water_bd}", 'triggers.0.do.tool: There is no tool named "water_bd".', 'Did you mean "water_bed"?'],
  ["do: {tool: read_only}", "triggers.0.do.tool: The trigger", "because its permission is never"],
  ["do: {tool: water_bed, arguments: {bed: a}}", 'The argument "minutes" of water_bed is missing.', ""],
  [
    "do: {tool: water_bed, arguments: {bed: a, minute: 5, minutes: 5}}",
    'triggers.0.do.arguments.minute: water_bed has no argument "minute".',
    'Did you mean "minutes"?',
  ],
  ["do: {tool: water_bed, arguments: {bed: '{at}', minutes: 90}}", "triggers.0.do.arguments.minutes: ", "at most 60"],
  ["do: {tool: water_bed, arguments: {bed: [a], minutes: 9}}", "triggers.0.do.arguments.bed: ", "string"],
  ["do: {sentence: it is cold in the north}", "triggers.0.do.sentence: No intent matches", ""],
  ["when: {command: [/no/such/program]}", "triggers.0.when.command.0: ", "cannot be started"],
  ["then: {command: [/no/such/program]}", "triggers.0.then.command.0: ", "cannot be started"],
  [
    "when: {http: {secret_env: not a name}}",
    "triggers.0.when.http.secret_env: ",
    "not the name of an environment variable",
  ],
])("%s is an error", async (parts, message, more) => {
  const { exitCode, stdout } = await check(trigger(parts));
  expect(stdout).toContain(message);
  expect(stdout).toContain(more);
  expect(exitCode).toBe(2);
});

test.each([
  ["do: {tool: open_vent}", "asks first"],
  ["do: {sentence: open the vent}", "asks first"],
  ["do: {sentence: 'it is {payload} today'}", "No intent seems to match"],
  ["do: {message: 'hello'}", "has no model"],
  ["if: [{value: payload.misssed, equals: true}]", "triggers.0.if.0.value: The events of"],
  [
    "when: {gpio: {line: GPIO17}}, do: {tool: water_bed, arguments: {bed: '{payload.edg}', minutes: 5}}",
    "Did you mean payload.edge?",
  ],
  ["when: {file: {path: ./*.csv}}, then: [{http: {url: 'http://a/{payload.nam}'}}]", "triggers.0.then.0.http.url: "],
  ["if: {above: 3}", "triggers.0.if.above: The payload of"],
  ["when: {every: 10m, jitter: 5m}", "triggers.0.when.jitter: The jitter of 5m is at least half"],
  [
    "when: {file: {path: ./*.jsonl}}, then: {file: {path: answers.jsonl}}",
    "triggers.0.then.file.path: The answer is appended to a file that the trigger itself waits for.",
  ],
  [
    "then: {mqtt: {topic: nanoagent/box/ask}}",
    "triggers.0.then.mqtt.topic: The answer goes to nanoagent/box/ask, which asks this agent.",
  ],
  [
    "then: [{mqtt: {topic: 'nanoagent/box/trigger/{trigger}/run'}}]",
    'nanoagent/box/trigger/t/run, which starts the trigger "t".',
  ],
  ["when: {http: {secret_env: NO_SUCH_SECRET}}", "NO_SUCH_SECRET, which is not set here"],
  ["when: {file: {path: nowhere/*.csv}}", "waits for files in …/nowhere, which does not exist"],
  ["then: {file: {path: device.json/a.jsonl}}", "cannot be written into …/device.json: …/device.json is not a folder."],
  ["when: {mqtt: {topic: 'a/#'}}, then: {mqtt: {topic: 'a/{trigger}'}}", "which the trigger itself listens to"],
])("%s is a warning", async (parts, message) => {
  const { exitCode, stdout } = await check(trigger(parts));
  expect(stdout).toContain(message);
  expect(stdout).toContain("warning: ");
  expect(stdout).not.toContain("error: ");
  expect(exitCode).toBe(0);
});

describe("the rest of the config", () => {
  const without = (key: string) =>
    REST.split("\n")
      .filter((line) => !line.startsWith(`${key}:`))
      .join("\n");

  test("triggers need session", async () => {
    const { exitCode, stdout } = await check(trigger("tries: 2"), { rest: without("session") });
    expect(stdout).toContain("error: …/checked.yaml:5:11: triggers: The triggers need session");
    expect(exitCode).toBe(2);
    const { config } = await readPlacedConfig(at("checked.yaml"));
    await expect(checkSettings(config, { config: at("checked.yaml") })).rejects.toThrow("The triggers need session");
  });

  test("a broker's trigger and answer need mqtt", async () => {
    const parts = "when: {mqtt: {topic: a}}, then: {mqtt: {topic: b}}";
    const { exitCode, stdout } = await check(trigger(parts), { rest: without("mqtt") });
    expect(stdout).toContain("triggers.0.when.mqtt: The config has no mqtt");
    expect(stdout).toContain("triggers.0.then.mqtt: The config has no mqtt");
    expect(exitCode).toBe(2);
  });

  test("two triggers with one name, and a sentence without intents", async () => {
    const one = "{name: t, when: {every: 1m}, do: {sentence: hello}}";
    const { stdout } = await check(`[${one}, ${one}]`, { rest: without("intents") });
    expect(stdout).toContain('triggers.1.name: Two triggers are named "t".');
    expect(stdout).toContain("this agent has no intents");
  });

  test("triggers that start each other", async () => {
    const made = (name: string, listens: string, answers: string, more = "") =>
      `{name: ${name}, when: ${listens}, do: {sentence: it is warm in the north}, then: ${answers}${more}}`;
    const a = made("a", "{mqtt: {topic: 'x/+'}}", "{mqtt: {topic: y/1}}");
    const b = made("b", "{mqtt: {topic: 'y/#'}}", "[{file: {path: in.jsonl}}, {mqtt: {topic: z}}]");
    const c = made("c", "{file: {path: in.*}}", "{mqtt: {topic: nanoagent/box/trigger/a/run}}");
    const { stdout, exitCode } = await check(`[${a}, ${b}, ${c}]`);
    expect(stdout).toContain(
      'triggers.0.then.mqtt: The answer of "a" starts "b", whose answer starts "c", whose answer starts "a" again.',
    );
    expect(stdout).toContain(
      'triggers.1.then.0.file.path: The answer is appended to a file that the trigger "c" waits for.',
    );
    expect(stdout.match(/ again\./g)).toHaveLength(1);
    expect(exitCode).toBe(0);
    const off = made("c", "{file: {path: in.*}}", "{mqtt: {topic: nanoagent/box/trigger/a/run}}", ", enabled: false");
    expect((await check(`[${a}, ${b}, ${off}]`)).stdout).not.toContain("again");
    const open = made("b", "{mqtt: {topic: 'y/#'}}", "{mqtt: {topic: 'x/{topic.1}'}}");
    expect((await check(`[${a}, ${open}]`)).stdout).not.toContain("again");
  });

  test("programs, folders and secrets of another device are not checked", async () => {
    const parts = "when: {command: [/no/such/program]}, then: {file: {path: nowhere/a.jsonl}}";
    const { stdout } = await check(trigger(parts), { device: at("device.json") });
    expect(stdout).not.toContain("triggers.0");
  });

  test("a tool that only a trigger uses is used", async () => {
    const { stdout } = await check(trigger("do: {tool: water_bed, arguments: {bed: a, minutes: 1}}"));
    expect(stdout).not.toContain('The tool "water_bed" is not used');
  });
});
