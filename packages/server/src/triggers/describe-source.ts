import type { TriggerSource } from "@nanoagent/models";

/** Returns a source in a few words, such as `mqtt garden/+/moisture`. */
export function describeSource(source: TriggerSource, trigger: string): string {
  if ("schedule" in source) return `schedule ${source.schedule}${source.time_zone ? ` ${source.time_zone}` : ""}`;
  if ("every" in source) return `every ${source.every}`;
  if ("mqtt" in source) return `mqtt ${source.mqtt.topic}`;
  if ("gpio" in source) return `gpio ${source.gpio.line}`;
  if ("file" in source) return `file ${source.file.path}`;
  return "http" in source ? `http /hooks/${trigger}` : `command ${source.command[0] ?? ""}`;
}
