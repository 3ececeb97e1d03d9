import { BYTES_PER_MB, type DeviceDetails, type Fact, type GpuDetails } from "@nanoagent/models";
import { certain } from "./details/fact.js";
import type { Machine } from "./machine.js";
import { throttlingFacts } from "./thermal/pi-throttling.js";

/** Adds facts from vendor tools that no file contains. Never rejects. */
export async function withToolFacts(machine: Machine, details: DeviceDetails): Promise<DeviceDetails> {
  const [gpus, pi] = await Promise.all([askNvidia(machine, details.accelerators.gpus), askRaspberryPi(machine)]);
  const { thermal, power } = details;
  return {
    ...details,
    accelerators: { ...details.accelerators, gpus },
    thermal: {
      temperature_celsius: firstKnown(thermal.temperature_celsius, pi.temperature),
      is_throttled: firstKnown(thermal.is_throttled, pi.isThrottled),
      was_throttled_since_boot: firstKnown(thermal.was_throttled_since_boot, pi.wasThrottled),
    },
    power: { ...power, is_undervolted: firstKnown(power.is_undervolted, pi.isUndervolted) },
  };
}

function firstKnown<Value>(read: Fact<Value>, told: Fact<Value> | null): Fact<Value> {
  return "value" in read || told === null ? read : told;
}

/** Reads names and memory of NVIDIA cards. Boards with unified memory report `[N/A]`, which means unknown. */
async function askNvidia(machine: Machine, fact: Fact<GpuDetails[]>): Promise<Fact<GpuDetails[]>> {
  if (!("value" in fact) || !fact.value.some(({ vendor }) => vendor === "nvidia")) return fact;
  const text = await ask(machine, "nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader,nounits");
  if (text === null) return fact;
  const told = text
    .trim()
    .split("\n")
    .map((line) => /^(.+),\s*(\d{1,9}|\[.*\])$/.exec(line.trim()) ?? []);
  let next = 0;
  const gpus = fact.value.map((gpu) => {
    const [, name, mebibytes = ""] = gpu.vendor === "nvidia" ? (told[next++] ?? []) : [];
    if (name === undefined) return gpu;
    const memory_bytes =
      gpu.memory === "dedicated" && /^\d+$/.test(mebibytes) ? Number(mebibytes) * BYTES_PER_MB : null;
    return { ...gpu, name, memory_bytes };
  });
  return certain(gpus, "nvidia-smi");
}

async function askRaspberryPi(machine: Machine) {
  const nothing = { temperature: null, isThrottled: null, wasThrottled: null, isUndervolted: null };
  const bits = /^throttled=0x([0-9a-f]{1,8})$/m.exec((await ask(machine, "vcgencmd", "get_throttled")) ?? "")?.[1];
  if (bits === undefined) return nothing;
  const celsius = /^temp=(-?\d{1,3}(?:\.\d+)?)'C$/m.exec((await ask(machine, "vcgencmd", "measure_temp")) ?? "")?.[1];
  return {
    ...throttlingFacts(Number.parseInt(bits, 16), "vcgencmd get_throttled"),
    temperature: celsius === undefined ? null : certain(Number(celsius), "vcgencmd measure_temp"),
  };
}

function ask(machine: Machine, name: string, ...args: string[]): Promise<string | null> {
  return machine.runTool(name, args).catch(() => null);
}
