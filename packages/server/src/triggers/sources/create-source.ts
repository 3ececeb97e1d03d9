import type { TriggerSource } from "@nanoagent/models";
import type { EventSource } from "./event-source.js";
import { FileSource } from "./file/file-source.js";
import { GpioSource } from "./gpio/gpio-source.js";
import { HookSource } from "./hook/hook-source.js";
import { MqttSource } from "./mqtt-source.js";
import { ProgramSource } from "./program-source.js";
import type { SourceContext } from "./source-context.js";

/** Sources that do not run by a clock. */
export type ListeningSource = Exclude<TriggerSource, { schedule: string } | { every: string }>;

/** Creates the source of a trigger. It listens once it is started. */
export function createSource(settings: ListeningSource, context: SourceContext): EventSource {
  if ("mqtt" in settings) return new MqttSource(settings.mqtt, context);
  if ("gpio" in settings) return new GpioSource(settings.gpio, context);
  if ("file" in settings) return new FileSource(settings.file, context);
  if ("http" in settings) return new HookSource(settings.http, context);
  return new ProgramSource(settings, context);
}
