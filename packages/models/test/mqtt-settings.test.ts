import { describe, expect, test } from "vitest";
import { NanoAgentConfigFile } from "../src/index.js";
import { issuesOf } from "./issues-of.js";

const issuesOfMqtt = (part: object) =>
  issuesOf(NanoAgentConfigFile, { spec: { name: "garden" }, mqtt: { url: "mqtt://127.0.0.1", ...part } });

describe("mqtt", () => {
  test.each<object>([
    {},
    { protocol: "auto" },
    { protocol: "3.1.1" },
    { protocol: "5" },
    { protocol: 5 },
    { keepalive_seconds: 1 },
    { keepalive_seconds: 65_535 },
  ])("accepts %j", (part) => {
    expect(issuesOfMqtt(part)).toEqual([]);
  });

  test.each<[object, string]>([
    [{ protocol: 4 }, 'mqtt.protocol (invalid): expected "auto" or "3.1.1" or "5" or 5, found 4'],
    [
      { protocol: "3.1" },
      'mqtt.protocol (invalid): expected "auto" or "3.1.1" or "5" or 5, found "3.1" (a string): did you mean "3.1.1"?',
    ],
    [{ protocol: 3.1 }, 'mqtt.protocol (invalid): expected "auto" or "3.1.1" or "5" or 5, found 3.1'],
    [{ keepalive_seconds: 0 }, "mqtt.keepalive_seconds (invalid): expected an integer from 1 to 65535, found 0"],
    [
      { keepalive_seconds: 65_536 },
      "mqtt.keepalive_seconds (invalid): expected an integer from 1 to 65535, found 65536",
    ],
    [{ keepalive_seconds: 1.5 }, "mqtt.keepalive_seconds (invalid): expected an integer from 1 to 65535, found 1.5"],
  ])("refuses %j", (part, issue) => {
    expect(issuesOfMqtt(part)).toEqual([issue]);
  });
});
