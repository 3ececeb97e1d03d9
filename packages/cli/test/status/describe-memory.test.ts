import { expect, test } from "vitest";
import { describeDevice } from "../../src/status/describe-device.js";
import { describeMemory } from "../../src/status/describe-memory.js";

const MB = 2 ** 20;
const used = { used_bytes: 90 * MB, limit_bytes: 256 * MB };
const parts = { engine_bytes: 60 * MB, program_bytes: 28 * MB, tools_bytes: 2 * MB };
const unknown = { temperature_celsius: null, is_throttled: null, memory_pressure_percent: null, power_source: null };

test.each([
  [{ ...used, ...parts, pressure: null, pressure_step: 0 }, "90 of 256 MB (engine 60, program 28, tools 2)"],
  [
    { ...used, ...parts, pressure: "smaller-context", pressure_step: 4 },
    "90 of 256 MB (engine 60, program 28, tools 2); memory is short, in force: smaller-context (step 4 of 6)",
  ],
  [{ ...used, pressure: null }, "90 of 256 MB"],
  [{ ...used, pressure: "refuse" }, "90 of 256 MB; memory is short, in force: refuse"],
])("the memory %j, also of a service of an earlier version", (memory, text) => {
  expect(describeMemory(memory)).toBe(text);
});

test.each([
  [unknown, null],
  [{ ...unknown, is_throttled: false, memory_pressure_percent: 0.2 }, null],
  [{ ...unknown, temperature_celsius: 61.4, power_source: "mains" as const }, "61 °C, on mains power"],
  [
    { temperature_celsius: 84, is_throttled: true, memory_pressure_percent: 12.5, power_source: "battery" as const },
    "84 °C, the processor is slowed down, tasks wait for memory 13 % of the time, on battery",
  ],
])("the device %j", (device, text) => {
  expect(describeDevice(device)).toBe(text);
});
