import type { ServiceStatus } from "../status/service-status.js";
import type { PageStatus } from "./page-events.js";

/** Returns the part of a service's status that pages show. */
export function pageStatus({ version, health, models, turns, memory, device }: ServiceStatus): PageStatus {
  const { id = "", engine = "", context_tokens = null } = models[0] ?? {};
  return {
    version,
    health: { status: health.status, reasons: health.reasons.map(({ message }) => message) },
    model: { id, engine, context_tokens },
    turns: { running: turns.running, waiting: turns.waiting },
    memory: memory && {
      used_bytes: memory.used_bytes,
      limit_bytes: memory.limit_bytes,
      engine_bytes: memory.engine_bytes,
      program_bytes: memory.program_bytes,
      tools_bytes: memory.tools_bytes,
      pressure: memory.pressure,
    },
    device: device && {
      temperature_celsius: device.temperature_celsius,
      is_throttled: device.is_throttled,
      memory_pressure_percent: device.memory_pressure_percent,
      power_source: device.power_source,
    },
  };
}
