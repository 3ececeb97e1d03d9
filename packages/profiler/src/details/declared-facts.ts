import type { DeviceDetails, Fact } from "@nanoagent/models";
import type { Machine } from "../machine.js";

const PREFIX = "NANOAGENT_DEVICE_";

type Rooms = Record<string, Record<string, Fact<unknown>>>;

/**
 * Replaces details by facts from environment variables, one per fact: `NANOAGENT_DEVICE_CPU_USABLE_CORES=2` is
 * `cpu.usable_cores`. A value is JSON or plain text. Invalid values are ignored.
 */
export async function withDeclaredFacts(
  environment: Machine["environment"],
  details: DeviceDetails,
): Promise<DeviceDetails> {
  const names = new Map<string, readonly [room: string, fact: string]>();
  for (const [room, facts] of Object.entries(details)) {
    for (const fact of Object.keys(facts)) names.set(`${PREFIX}${room}_${fact}`.toUpperCase(), [room, fact]);
  }
  const declared = Object.keys(environment).filter((name) => names.has(name) && environment[name]?.trim());
  if (declared.length === 0) return details;

  // The schema is loaded only if something is declared.
  const { EdgeDevice } = await import("@nanoagent/models");
  const rooms: Rooms = structuredClone(details) as unknown as Rooms;
  for (const name of declared) {
    const [room = "", fact = ""] = names.get(name) ?? [];
    const known = { value: declaredValue(environment[name] ?? ""), source: name, confidence: "declared" as const };
    const device = {
      device_id: "-",
      platform: "-",
      memory_mb: 1,
      cpu_cores: 1,
      details: { [room]: { [fact]: known } },
    };
    if (EdgeDevice.safeParse(device).success) Object.assign(rooms[room] ?? {}, { [fact]: known });
  }
  return rooms as unknown as DeviceDetails;
}

function declaredValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text.trim();
  }
}
