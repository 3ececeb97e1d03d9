import type { DeviceDetails, Fact } from "@nanoagent/models";
import { certain, factOf, likely, unknown } from "../details/fact.js";
import type { Machine } from "../machine.js";
import { readOrNull } from "../read-or-null.js";
import { readPiThrottling } from "../thermal/pi-throttling.js";

const SUPPLIES = "/sys/class/power_supply";
const MAX_SUPPLIES = 6;

/** Reads the facts of the power supply. Never rejects. */
export async function readPowerDetails(machine: Machine): Promise<DeviceDetails["power"]> {
  const supplies = await readSupplies(machine);
  const battery = supplies.find(({ type }) => type === "Battery");
  return {
    source: sourceOf(supplies),
    battery_percent:
      battery?.percent == null ? unknown("no battery reports its charge") : certain(battery.percent, battery.source),
    is_undervolted: await factOf(() => readUndervoltage(machine)),
  };
}

interface Supply {
  type: string;
  isOnline: boolean | null;
  status: string;
  percent: number | null;
  source: string;
}

async function readSupplies(machine: Machine): Promise<Supply[]> {
  const names = await machine.listDirectory(SUPPLIES).catch(() => [] as string[]);
  const supplies: Supply[] = [];
  for (const name of names.slice(0, MAX_SUPPLIES)) {
    const source = `${SUPPLIES}/${name}`;
    const read = async (file: string) => (await readOrNull(machine, `${source}/${file}`))?.trim() ?? "";
    const type = await read("type");
    if (type !== "Battery") {
      const online = await read("online");
      supplies.push({ type, isOnline: online === "" ? null : online !== "0", status: "", percent: null, source });
      continue;
    }
    // Ignores batteries of devices such as a mouse.
    if (!/^BAT\d/.test(name) && (await read("scope")) === "Device") continue;
    const percent = await read("capacity");
    supplies.push({
      type,
      isOnline: null,
      status: await read("status"),
      percent: /^\d{1,3}$/.test(percent) ? Math.min(100, Number(percent)) : null,
      source,
    });
  }
  return supplies;
}

function sourceOf(supplies: readonly Supply[]): Fact<"mains" | "battery"> {
  const mains = supplies.find(({ type, isOnline }) => /^(Mains|USB)/.test(type) && isOnline);
  if (mains !== undefined) return certain("mains", mains.source);
  const battery = supplies.find(({ type }) => type === "Battery");
  if (battery?.status === "Discharging") return certain("battery", battery.source);
  if (battery !== undefined) return likely("mains", `${battery.source} (${battery.status || "no status"})`);
  return supplies.length === 0
    ? unknown("no power supply listed, as on most boards")
    : unknown("no power supply in use");
}

async function readUndervoltage(machine: Machine): Promise<Fact<boolean>> {
  const pi = await readPiThrottling(machine);
  if (pi !== null) return pi.isUndervolted;
  // The driver of the Raspberry Pi's sensor.
  if (!((await readOrNull(machine, "/proc/device-tree/compatible")) ?? "").includes("raspberrypi,")) {
    return unknown("no sensor reports it");
  }
  for (let index = 0; index < MAX_SUPPLIES; index++) {
    const folder = `/sys/class/hwmon/hwmon${index}`;
    const name = (await readOrNull(machine, `${folder}/name`))?.trim();
    if (name === undefined) break;
    if (name !== "rpi_volt") continue;
    const alarm = (await readOrNull(machine, `${folder}/in0_lcrit_alarm`))?.trim();
    if (alarm === "0" || alarm === "1") return certain(alarm === "1", `${folder}/in0_lcrit_alarm`);
  }
  return unknown("no sensor reports it");
}
