import type { DeviceDetails, Fact } from "@nanoagent/models";
import { certain, factOf, likely, unknown } from "../details/fact.js";
import type { Machine } from "../machine.js";
import { readOrNull } from "../read-or-null.js";
import { readPiThrottling } from "./pi-throttling.js";

const THERMAL = "/sys/class/thermal";
const MOST_ZONES = 12;
/** Names of the zones that are the processor's. */
const PROCESSOR_ZONE = /^(cpu|soc|x86_pkg_temp|bigcore|littlecore|package|k10temp|tctl|cluster|ap)/i;
/** The kernel slows processors by these; a fan that turns is no throttling. */
const PROCESSOR_COOLING = /^(cpufreq|thermal-cpufreq|processor|cpuidle)/i;
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
    if (!/^-?\d{1,6}$/.test(text)) continue;
    temperatures.push({ celsius: Number(text) / 1000, source: `${THERMAL}/${zone} (${type})` });
  }
  temperatures.sort((one, other) => other.celsius - one.celsius);
  const [warmest] = temperatures;
  return warmest === undefined
    ? unknown(zones.length === 0 ? `${THERMAL} has no zones` : "no zone is the processor's")
    : certain(warmest.celsius, warmest.source);
}

async function zonesOf(machine: Machine): Promise<string[]> {
  const names = await machine.listDirectory(THERMAL).catch(() => [] as string[]);
  return names.filter((name) => /^thermal_zone\d+$/.test(name)).slice(0, MOST_ZONES);
}

async function readThrottling(machine: Machine): Promise<Fact<boolean>> {
  const names = await machine.listDirectory(THERMAL).catch(() => [] as string[]);
  let isTold = false;
  for (const name of names.filter((name) => /^cooling_device\d+$/.test(name)).slice(0, MOST_ZONES)) {
    const type = (await readOrNull(machine, `${THERMAL}/${name}/type`))?.trim() ?? "";
    if (!PROCESSOR_COOLING.test(type)) continue;
    const state = Number((await readOrNull(machine, `${THERMAL}/${name}/cur_state`))?.trim() || Number.NaN);
    if (Number.isNaN(state)) continue;
    isTold = true;
    if (state > 0) return certain(true, `${THERMAL}/${name} (${type})`);
  }
  const cpufreq = "/sys/devices/system/cpu/cpu0/cpufreq";
  const [cap, most] = await Promise.all(
    ["scaling_max_freq", "cpuinfo_max_freq"].map(async (file) =>
      Number(await readOrNull(machine, `${cpufreq}/${file}`)),
    ),
  );
  if (cap && most) return likely(cap < most, cpufreq);
  return isTold ? certain(false, `${THERMAL}/cooling_device*`) : unknown("nothing tells of it");
}

async function readThrottleCount(machine: Machine): Promise<Fact<boolean>> {
  const path = "/sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_count";
  const count = Number((await readOrNull(machine, path))?.trim() || Number.NaN);
  return Number.isSafeInteger(count) ? certain(count > 0, path) : unknown("nothing tells of it");
}
