import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { agentTopics } from "../../../src/mqtt/agent-topics.js";
import { deviceConfig } from "../../../src/mqtt/home-assistant/device-config.js";
import { lastAnswerMessage, stateMessage } from "../../../src/mqtt/home-assistant/state-messages.js";

/** Renders templates with Jinja, as Home Assistant does: `value_json` is the message, and the result is a text. */
const PROGRAM = `
import json, sys
from jinja2.sandbox import ImmutableSandboxedEnvironment
environment = ImmutableSandboxedEnvironment()
jobs = json.load(sys.stdin)
render = lambda job: environment.from_string(job["template"]).render(value_json=json.loads(job["message"])).strip()
json.dump([render(job) for job in jobs], sys.stdout)
`;

const hasJinja = spawnSync("python3", ["-c", "import jinja2"]).status === 0;

function render(jobs: { template: string; message: string }[]): string[] {
  const { stdout, stderr } = spawnSync("python3", ["-c", PROGRAM], { input: JSON.stringify(jobs), encoding: "utf8" });
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout);
}

const { components } = deviceConfig({
  topics: agentTopics("shed"),
  names: { name: "Shed", version: "0.2.0", model: null, pageUrl: null },
  triggers: [],
  asks: true,
});
const valueJob = (key: string, message: string) => ({ template: String(components[key]?.value_template), message });

describe.skipIf(!hasJinja)("templates in Jinja (python3 with jinja2)", () => {
  const known = stateMessage({
    state: "degraded",
    problem: 'Disk "full" & slow',
    memoryBytes: 2 ** 20,
    tokensPerSecond: 7.96,
    temperatureCelsius: 50.6,
  });
  const unknown = stateMessage({
    state: "ready",
    problem: null,
    memoryBytes: null,
    tokensPerSecond: null,
    temperatureCelsius: null,
  });
  const keys = ["state", "memory", "speed", "temperature", "problem"];

  test("give the values of the state", () => {
    expect(render(keys.map((key) => valueJob(key, known)))).toEqual(["degraded", "1", "8", "51", "ON"]);
  });

  test("give None for values that are not known, as Home Assistant expects", () => {
    expect(render(keys.map((key) => valueJob(key, unknown)))).toEqual(["ready", "None", "None", "None", "OFF"]);
  });

  test("give the problem as JSON", () => {
    const template = String(components.problem?.json_attributes_template);
    const rendered = render([known, unknown].map((message) => ({ template, message })));
    expect(rendered.map((text) => JSON.parse(text))).toEqual([{ problem: 'Disk "full" & slow' }, { problem: null }]);
  });

  test("give at most 255 characters of an answer", () => {
    const message = (text: string) => lastAnswerMessage({ text, trigger: null, at: 0 });
    const [short, long, empty] = render(
      ["It is 7 °C.", "😀".repeat(1000), ""].map((text) => valueJob("last_answer", message(text))),
    );
    expect(short).toBe("It is 7 °C.");
    expect([...(long ?? "")]).toHaveLength(255);
    expect(empty).toBe("");
  });
});
