import type { NanoAgentConfigInput } from "@nanoagent/models";
import { InvalidConfigError } from "@nanoagent/runtime/node";
import { readPlacedConfig } from "@nanoagent/runtime/program";
import { checkFleetRules } from "../check/check-fleet.js";
import { checkMqttRules } from "../check/check-mqtt.js";
import { CheckedPart } from "../check/check-report.js";
import { addressHint, checkServeSettings } from "../check/check-serve-settings.js";
import { checkTriggerRules } from "../check/check-trigger-rules.js";
import type { OptionValues } from "../command-line/command.js";
import { DEFAULT_CONFIG_FILE } from "../config/default-config-file.js";
import { UsageError } from "../errors/usage-error.js";

/** Address and port of the command line. */
interface AddressOptions {
  host?: string;
  port?: number;
}

/** Reads where to listen from the command line. Throws {@link UsageError} for a wrong one. */
export async function readAddress({ host, port }: OptionValues): Promise<AddressOptions> {
  if (host !== undefined) {
    const { canonicalHost } = await import("@nanoagent/server/program");
    if (canonicalHost(String(host)) === null) {
      throw new UsageError({
        message: host === "" ? "--host is empty." : `--host takes an address or a host name, found "${host}".`,
        hint: addressHint("--port"),
      });
    }
  }
  if (port !== undefined && !(Number.isInteger(port) && Number(port) >= 0 && Number(port) <= 65_535)) {
    throw new UsageError({
      message: `--port takes a whole number from 0 to 65535, found "${port}".`,
      hint: "Pass --port 0 for a free port.",
    });
  }
  return {
    ...(host !== undefined && { host: String(host) }),
    ...(port !== undefined && { port: Number(port) }),
  };
}

/**
 * Refuses the settings of a service, its triggers, its broker and its fleet that `nanoagent check` calls errors, with the port of the
 * command line if it has one. Throws {@link InvalidConfigError} with their positions. Keys are checked when they are opened,
 * tools and programs when they are used.
 */
export async function checkSettings(config: NanoAgentConfigInput, values: OptionValues): Promise<void> {
  const settings = new CheckedPart("Service", null);
  await checkInto(settings, config, values);
  if (settings.status !== "error") return;
  const file = String(values.config ?? DEFAULT_CONFIG_FILE);
  // Read again for the positions, which are not needed otherwise.
  const { placeOf } = await readPlacedConfig(file);
  const placed = new CheckedPart("Service", placeOf);
  await checkInto(placed, config, values);
  const errors = placed.issues.filter(({ severity }) => severity === "error");
  const issues = errors.map(({ key, line, column, message, hint }) => ({
    key,
    line: line ?? 1,
    column: column ?? 1,
    message: hint === null ? message : `${message} ${hint}`,
    expected: "",
    found: "",
    nearest: null,
  }));
  throw InvalidConfigError.withIssues(file, issues);
}

async function checkInto(part: CheckedPart, config: NanoAgentConfigInput, { port }: OptionValues): Promise<void> {
  const { serve, triggers = [], mqtt, fleet } = config;
  const hasTriggers = triggers.length > 0 || mqtt !== undefined || fleet !== undefined;
  if (serve === undefined && !hasTriggers) return;
  const parts = await import("@nanoagent/server/program");
  if (serve !== undefined) {
    await checkServeSettings(part, port === undefined ? serve : { ...serve, port: Number(port) }, parts, true);
  }
  if (!hasTriggers) return;
  const triggerParts = await parts.loadTriggerParts();
  await checkTriggerRules(part, config, triggerParts);
  await checkMqttRules(part, config, triggerParts, true);
  if (fleet === undefined) return;
  checkFleetRules(part, config, triggerParts, await import("@nanoagent/fleet/bundles"));
}
