import type { DeviceConditions } from "@nanoagent/server";

/** Share of the time below which tasks that wait for memory are not worth a word, in percent. */
const MIN_PRESSURE_PERCENT = 1;

/** Describes what is known of the device: `61 °C, slowed down, on battery`. Returns null if nothing is. */
export function describeDevice(device: DeviceConditions): string | null {
  const { temperature_celsius, is_throttled, memory_pressure_percent, power_source } = device;
  const facts = [
    ...(temperature_celsius === null ? [] : [`${Math.round(temperature_celsius)} °C`]),
    ...(is_throttled === true ? ["the processor is slowed down"] : []),
    ...(memory_pressure_percent !== null && memory_pressure_percent >= MIN_PRESSURE_PERCENT
      ? [`tasks wait for memory ${Math.round(memory_pressure_percent)} % of the time`]
      : []),
    ...(power_source === null ? [] : [power_source === "battery" ? "on battery" : "on mains power"]),
  ];
  return facts.length === 0 ? null : facts.join(", ");
}
