import path from "node:path";
import { type NanoAgentConfig, nearestName, type TriggerSettings } from "@nanoagent/models";
import { readConfig } from "@nanoagent/runtime/node";
import { triggersNeedSession } from "@nanoagent/server/program";
import type { OptionValues } from "../command-line/command.js";
import { findDefaultConfig } from "../config/default-config-file.js";
import { UsageError } from "../errors/usage-error.js";
import { unknownDevice } from "../service/unknown-device.js";

/** The triggers of a config, and the folder of their events. */
export interface TriggerPlace {
  /** Path of the config, as it was named. */
  readonly file: string;
  readonly config: NanoAgentConfig;
  readonly triggers: readonly TriggerSettings[];
  readonly folder: string;
}

/** Reads the config of the command line. Throws if it has no session, in which events are kept. */
export async function readTriggerPlace({ config: named }: OptionValues): Promise<TriggerPlace> {
  const file = String(named ?? (await findDefaultConfig("triggers needs --config PATH.")));
  // The device does not matter here, so it is not profiled.
  const config = await readConfig(file, { profile: async () => unknownDevice });
  const { triggers = [], session } = config;
  if (session === undefined) {
    if (triggers.length > 0) throw triggersNeedSession();
    throw noTriggers(file);
  }
  return { file, config, triggers, folder: path.join(session.dir, "events") };
}

/** Returns the trigger with a name. Throws {@link UsageError} if there is none. */
export function requireTrigger({ file, triggers }: TriggerPlace, name: string): TriggerSettings {
  const found = triggers.find((trigger) => trigger.name === name);
  if (found !== undefined) return found;
  if (triggers.length === 0) throw noTriggers(file);
  const nearest = nearestName(
    name,
    triggers.map((trigger) => trigger.name),
  );
  throw new UsageError({
    message: `${file} has no trigger named "${name}".`,
    hint: nearest === null ? "nanoagent triggers list shows their names." : `Did you mean "${nearest}"?`,
  });
}

function noTriggers(file: string): UsageError {
  return new UsageError({
    message: `${file} has no triggers.`,
    hint: "Pass another config with --config PATH, or add triggers: docs/triggers.md shows how.",
  });
}
