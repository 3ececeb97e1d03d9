import { expect, test } from "vitest";
import { resolveCapabilities } from "../../src/skills/resolve-capabilities.js";

test("resolves a capability to a skill, else a tool, else a built-in, else nothing", () => {
  const known = {
    skills: [{ name: "watering" }, { name: "echo" }],
    tools: [{ name: "watering" }, { name: "read_sensor" }],
  };
  const tags = ["watering", "read_sensor", "echo", "status-check", "read-sensr", "constructor", "watering"];
  expect(resolveCapabilities(tags, known).map(({ capability, kind, nearest }) => [capability, kind, nearest])).toEqual([
    ["watering", "skill", null],
    ["read_sensor", "tool", null],
    ["echo", "skill", null],
    ["status-check", "built-in", null],
    ["read-sensr", "nothing", "read_sensor"],
    ["constructor", "nothing", null],
  ]);
});
