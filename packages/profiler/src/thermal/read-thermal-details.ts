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
/** One for each processor on some machines, which heat up together. */
const MAX_STATES = 4;
const MAX_SENSORS = 8;
/** One for each kind of cores on boards; one for each core on others, where the first few say enough. */
const MAX_POLICIES = 4;
/** Names of the zones that are the processor's. */
const PROCESSOR_ZONE = /^(cpu|soc|x86_pkg_temp|bigcore|littlecore|package|k10temp|tctl|cluster|ap)/i;
/** Names of the sensors that are the processor's, where there are no zones: AMD's and Intel's. */
const PROCESSOR_SENSOR = /^(k10temp|zenpower|coretemp|cpu_thermal|soc_thermal)$/;
/** The kernel slows processors by these; a fan that turns is no throttling. */
const PROCESSOR_COOLING = /^(cpufreq|thermal-cpufreq|processor|cpuidle)/i;
const MILLIDEGREES = /^-?\d{1,6}$/;

/** How warm the processor is, and whether it is slowed down for it. Never rejects. */
export async function readThermalDetails(machine: Machine): Promise<DeviceDetails["thermal"]> {
  const pi = await readPiThrottling(machine);
  return {
    temperature_celsius: await factOf(() => readTemperature(machine)),
    is_throttled: pi?.isThrottled ?? (await factOf(() => readThrottling(machine))),
    was_throttled_since_boot: pi?.wasThrottled ?? (await factOf(() => readThrottleCount(machine))),
  };
}

/** Of the processor's zones the warmest; of others none, because they may be a disk's. */
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
  return sensor ?? unknown(zones.length === 0 ? `${THERMAL} has no zones` : "no zone is the processor's");
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
  return told > 0 ? certain(false, `${THERMAL}/cooling_device*`) : unknown("nothing tells of it");
}

/** Whether cores of one kind or another may not run as fast as they can; a person may have set that. */
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
  return Number.isSafeInteger(count) ? certain(count > 0, path) : unknown("nothing tells of it");
}
