import { type Engine, openAgent } from "@nanoagent/runtime";
import { ScriptedEngine } from "@nanoagent/runtime/testing";
import { expect, test } from "vitest";
import { findPrometheusPython, hasPromtool, parseWithPython, promtool } from "./foreign-parsers.js";
import { configOf, MeasuredServer } from "./measured-service.js";
import { parsePrometheusText } from "./parse-prometheus-text.js";

const python = findPrometheusPython();

const readDevice = async () => ({
  temperature_celsius: 61.5,
  is_throttled: true,
  memory_pressure_percent: 0,
  power_source: null,
});

/** Metrics with a value for every series, and with a name that has to be escaped. */
async function measure(): Promise<string> {
  const scripted = new ScriptedEngine(["Yes."], { contextTokens: 512 });
  const engine: Engine = Object.assign(Object.create(scripted), { name: 'ä "quoted" \\ name\nin {two}, lines 🌱' });
  const measured = new MeasuredServer(await openAgent(configOf(), { engine }), { readDevice });
  await measured.say("hello");
  return measured.text();
}

test.skipIf(!hasPromtool)("promtool of Prometheus has no complaint (needs promtool)", async () => {
  expect(promtool(["check", "metrics"], await measure())).toEqual({ output: "", exitCode: 0 });
});

test.skipIf(python === null)("Python's client reads the same values (needs PyPI's prometheus-client)", async () => {
  const text = await measure();
  const own = parsePrometheusText(text);
  const read = parseWithPython(python ?? "", text);
  const samples = read.flatMap(([, , , samples]) => samples.map(([name, labels]) => JSON.stringify([name, labels])));
  const expected = [...own.values()].flatMap(({ samples }) =>
    samples.map(({ name, labels }) => JSON.stringify([name, labels])),
  );
  expect(samples).toEqual(expected);
  expect(read.map(([, type, help]) => ({ type, help }))).toEqual(
    [...own.values()].map(({ type, help }) => ({ type, help })),
  );
});
