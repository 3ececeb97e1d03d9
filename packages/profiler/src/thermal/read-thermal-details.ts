import type { DeviceDetails, Fact } from "@nanoagent/models";
import { certain, factOf, likely, unknown } from "../details/fact.js";
import type { Machine } from "../machine.js";
import { readOrNull } from "../read-or-null.js";

const THERMAL = "/sys/class/thermal";
const MOST_ZONES = 12;
/** Names of the zones that are the processor's. */
const PROCESSOR_ZONE = /^(cpu|soc|x86_pkg_temp|bigcore|littlecore|package|k10temp|tctl|cluster|ap)/i;
/** The kernel slows processors by these; a fan that turns is no throttling. */
const PROCESSOR_COOLING = /^(cpufreq|thermal-cpufreq|processor|cpuidle)/i;
/** Bits of the Raspberry Pi's `get_throttled`; those 16 higher say the same since the start. Source: its documentation. */
const PI_UNDERVOLTED = 0x1;
const PI_SLOWED = 0xe;
const PI_SINCE_BOOT = 16;

/** How warm the processor is, and whether it is slowed down for it. Never rejects. */
export async function readThermalDetails(machine: Machine): Promise<DeviceDetails["thermal"]> {
  const pi = await readPiThrottling(machine);
  return {
    temperature_celsius: await factOf(() => readTemperature(machine)),
    is_throttled:
      pi === null ? await factOf(() => readThrottling(machine)) : certain((pi.bits & PI_SLOWED) !== 0, pi.source),
    was_throttled_since_boot:
      pi === null
        ? await factOf(() => readThrottleCount(machine))
        : certain(((pi.bits >> PI_SINCE_BOOT) & PI_SLOWED) !== 0, pi.source),
  };
}

/** Whether a Raspberry Pi gets too little voltage; null elsewhere. */
export async function readPiUndervoltage(machine: Machine): Promise<Fact<boolean> | null> {
  const pi = await readPiThrottling(machine);
  return pi === null ? null : certain((pi.bits & PI_UNDERVOLTED) !== 0, pi.source);
}

async function readPiThrottling(machine: Machine): Promise<{ bits: number; source: string } | null> {
  const source = "/sys/devices/platform/soc/soc:firmware/get_throttled";
  const text = (await readOrNull(machine, source))?.trim() ?? "";
  return /^[0-9a-f]{1,8}$/i.test(text) ? { bits: Number.parseInt(text, 16), source } : null;
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
