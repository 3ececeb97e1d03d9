import type { DeviceDetails, Fact } from "@nanoagent/models";
import { certain, factOf, likely, unknown } from "../details/fact.js";
import { wholeNumber } from "../details/whole-number.js";
import type { Machine } from "../machine.js";
import { readOrNull } from "../read-or-null.js";
import { readPiThrottling } from "./pi-throttling.js";

const THERMAL = "/sys/class/thermal";
const CPUFREQ = "/sys/devices/system/cpu/cpufreq";
const HWMON = "/sys/class/hwmon";
const MAX_ZONES = 12;
const MAX_COOLING = 8;
/** Most cooling devices. Some machines have one per processor, and all of them heat up together. */
const MAX_STATES = 4;
const MAX_SENSORS = 8;
/**
 * Most frequency policies. Boards have one per kind of core, others one per core, of which the first few are enough.
 */
const MAX_POLICIES = 4;
/** Matches the names of processor zones. */
const PROCESSOR_ZONE = /^(cpu|soc|x86_pkg_temp|bigcore|littlecore|package|k10temp|tctl|cluster|ap)/i;
/** Matches the names of processor sensors of AMD and Intel, for machines without zones. */
const PROCESSOR_SENSOR = /^(k10temp|zenpower|coretemp|cpu_thermal|soc_thermal)$/;
/** Matches cooling devices that slow the processor down. A running fan does not count as throttling. */
const PROCESSOR_COOLING = /^(cpufreq|thermal-cpufreq|processor|cpuidle)/i;
const MILLIDEGREES = /^-?\d{1,6}$/;

/** Reads the temperature of the processor and whether it is throttled. Never rejects. */
export async function readThermalDetails(machine: Machine): Promise<DeviceDetails["thermal"]> {
  const pi = await readPiThrottling(machine);
  return {
    temperature_celsius: await factOf(() => readTemperature(machine)),
    is_throttled: pi?.isThrottled ?? (await factOf(() => readThrottling(machine))),
    was_throttled_since_boot: pi?.wasThrottled ?? (await factOf(() => readThrottleCount(machine))),
  };
}

/** Returns the highest temperature of the processor zones. Other zones are ignored: they can belong to a disk. */
async function readTemperature(machine: Machine): Promise<Fact<number>> {
  const zones = await zonesOf(machine);
  const temperatures: { celsius: number; source: string }[] = [];
  for (const zone of zones) {
    const type = (await readOrNull(machine, `${THERMAL}/${zone}/type`))?.trim() ?? "";
    if (!PROCESSOR_ZONE.test(type)) continue;
    const text = (await readOrNull(machine, `${THERMAL}/${zone}/temp`))?.trim() ?? "";
    if (!MILLIDEGREES.test(text)) continue;
    temperatures.push({ celsius: Number(text) / 1000, source: `${THERMAL}/${zone} (${type})` });
  }
  temperatures.sort((one, other) => other.celsius - one.celsius);
  const [warmest] = temperatures;
  if (warmest !== undefined) return certain(warmest.celsius, warmest.source);
  const sensor = await readSensor(machine);
  return sensor ?? unknown(zones.length === 0 ? `${THERMAL} has no zones` : "no zone belongs to the processor");
}

async function readSensor(machine: Machine): Promise<Fact<number> | null> {
  const names = await machine.listDirectory(HWMON).catch(() => [] as string[]);
  for (const name of names.filter((name) => /^hwmon\d+$/.test(name)).slice(0, MAX_SENSORS)) {
    const type = (await readOrNull(machine, `${HWMON}/${name}/name`))?.trim() ?? "";
    if (!PROCESSOR_SENSOR.test(type)) continue;
    const text = (await readOrNull(machine, `${HWMON}/${name}/temp1_input`))?.trim() ?? "";
    if (MILLIDEGREES.test(text)) return certain(Number(text) / 1000, `${HWMON}/${name} (${type})`);
  }
  return null;
}

async function zonesOf(machine: Machine): Promise<string[]> {
  const names = await machine.listDirectory(THERMAL).catch(() => [] as string[]);
  return names.filter((name) => /^thermal_zone\d+$/.test(name)).slice(0, MAX_ZONES);
}

async function readThrottling(machine: Machine): Promise<Fact<boolean>> {
  const names = await machine.listDirectory(THERMAL).catch(() => [] as string[]);
  let told = 0;
  for (const name of names.filter((name) => /^cooling_device\d+$/.test(name)).slice(0, MAX_COOLING)) {
    const type = (await readOrNull(machine, `${THERMAL}/${name}/type`))?.trim() ?? "";
    if (!PROCESSOR_COOLING.test(type)) continue;
    const state = Number((await readOrNull(machine, `${THERMAL}/${name}/cur_state`))?.trim() || Number.NaN);
    if (Number.isNaN(state)) continue;
    told++;
    if (state > 0) return certain(true, `${THERMAL}/${name} (${type})`);
    if (told === MAX_STATES) break;
  }
  const capped = await readCap(machine);
  if (capped !== null) return capped;
  return told > 0 ? certain(false, `${THERMAL}/cooling_device*`) : unknown("the system does not report it");
}

/** Whether the frequency of some cores is limited below their maximum, which can be a setting. */
async function readCap(machine: Machine): Promise<Fact<boolean> | null> {
  const names = await machine.listDirectory(CPUFREQ).catch(() => [] as string[]);
  let told: Fact<boolean> | null = null;
  for (const policy of names.filter((name) => /^policy\d+$/.test(name)).slice(0, MAX_POLICIES)) {
    const read = async (file: string) => wholeNumber(await readOrNull(machine, `${CPUFREQ}/${policy}/${file}`));
    const [cap, most] = [await read("scaling_max_freq"), await read("cpuinfo_max_freq")];
    if (!cap || !most) continue;
    told = likely(cap < most, `${CPUFREQ}/${policy}`);
    if (cap < most) break;
  }
  return told;
}

async function readThrottleCount(machine: Machine): Promise<Fact<boolean>> {
  const path = "/sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_count";
  const count = Number((await readOrNull(machine, path))?.trim() || Number.NaN);
  return Number.isSafeInteger(count) ? certain(count > 0, path) : unknown("the system does not report it");
}
