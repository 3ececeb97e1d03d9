import { describe, expect, test } from "vitest";
import { NanoAgentConfigFile, parseDuration } from "../src/index.js";

const good = { name: "dry-bed", when: { every: "10m" }, do: { tool: "water_bed" } };

function issuesOf(part: object): string[] {
  const config = { spec: { name: "garden" }, session: { dir: "session" }, triggers: [{ ...good, ...part }] };
  const result = NanoAgentConfigFile.safeParse(config);
  return result.success ? [] : result.issues.map(({ path, message }) => `${path.slice(2).join(".")}: ${message}`);
}

const sources = "schedule, every, mqtt, gpio, file, http, command";

describe("triggers", () => {
  test.each<object>([
    {},
    {
      when: {
        schedule: "0 6 * * *",
        time_zone: "Europe/Berlin",
        missed: "all up to 5",
        overlap: "queue",
        jitter: "30s",
      },
    },
    { when: { mqtt: { topic: "garden/+/moisture", retained: true } } },
    { when: { gpio: { line: "GPIO17", chip: "pinctrl-rp1", edge: "falling", debounce: "10ms", bias: "pull-up" } } },
    { when: { file: { path: "inbox/*.csv", settle: "2s" } } },
    { when: { http: { secret_env: "DOOR_SECRET" } } },
    { when: { command: ["journalctl", "-f"], working_directory: ".", environment: { A: "b" } } },
    { if: { value: "payload.percent", below: 30, hysteresis: 3, for: "5m" } },
    { if: [{ equals: null }, { quiet_hours: { from: "22:00", to: "06:00" } }, { rate_limit: { max: 3, per: "1h" } }] },
    { do: { sentence: "water the {topic.1} bed" } },
    {
      do: { message: "The door reports {payload}." },
      then: [{ mqtt: { topic: "garden/log" } }, { file: { path: "log" } }],
    },
    { dedupe: "off", on_unknown: "ask", tries: 3, queue: { max_events: 10, max_age: "1h", when_full: "drop-oldest" } },
  ])("accepts %j", (part) => {
    expect(issuesOf(part)).toEqual([]);
  });

  test.each<[object, string[]]>([
    [
      { when: { every: "10 minutes" } },
      ['when.every: expected a duration, such as 500ms, 10s, 5m, 2h or 1d, found "10 minutes" (a string)'],
    ],
    [
      { when: { schedule: "0 6 * * *", every: "10m" } },
      [`when.every: not allowed beside "schedule": expected only one of ${sources}`],
    ],
    [{ when: { mqt: { topic: "a" } } }, ['when.mqt: unknown key: did you mean "mqtt"?']],
    [{ when: {} }, [`when: missing: expected one of ${sources}`]],
    [
      { when: { mqtt: { topic: 5 } } },
      ["when.mqtt.topic: expected a string that is not empty, found 5: put it in quotes"],
    ],
    [
      { do: { tool: "a", message: "b" } },
      ['do.message: not allowed beside "tool": expected only one of tool, sentence, message'],
    ],
    [{ do: { command: ["x"] } }, ["do.command: unknown key: expected one of tool, sentence, message"]],
    [{ then: { mqt: { topic: "x" } } }, ['then.mqt: unknown key: did you mean "mqtt"?']],
    [{ then: [{ mqtt: { topic: "x", retian: true } }] }, ['then.0.mqtt.retian: unknown key: did you mean "retain"?']],
    [{ if: { value: "payload", belo: 3 } }, ['if.belo: unknown key: did you mean "below"?']],
    [
      { if: { quiet_hours: { from: "24:00", to: "06:00" } } },
      ['if.quiet_hours.from: expected a time of the day, such as "22:00", found "24:00" (a string)'],
    ],
    [
      { name: "Dry Bed" },
      [
        'name: expected 1 to 64 lower-case letters, digits, - and _, beginning with a letter or digit, found "Dry Bed" (a string)',
      ],
    ],
    [
      { when: { every: "1h", missed: "all" } },
      ['when.missed: expected skip, once, or all up to a number, such as all up to 5, found "all" (a string)'],
    ],
  ])("explains %j", (part, issues) => {
    expect(issuesOf(part)).toEqual(issues);
  });
});

test.each<[string, number | null]>([
  ["500ms", 500],
  ["0s", 0],
  ["1.5s", 1500],
  ["10m", 600_000],
  ["2h", 7_200_000],
  ["366d", 31_622_400_000],
  ["367d", null],
  ["10", null],
  ["10 m", null],
  ["-1s", null],
  ["1e3s", null],
  ["", null],
])("the duration %s has %s ms", (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds);
});
