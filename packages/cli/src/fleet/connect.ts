import { randomBytes } from "node:crypto";
import { openRegistry, type Registry } from "@nanoagent/fleet";
import { type MqttSettings, NanoAgentError } from "@nanoagent/models";
import { readConfig } from "@nanoagent/runtime/node";
import { loadMqtt } from "@nanoagent/server/program";
import type { OptionValues } from "../command-line/command.js";
import { findDefaultConfig } from "../config/default-config-file.js";
import { UsageError } from "../errors/usage-error.js";
import { plainText } from "../output/plain-text.js";
import { unknownDevice } from "../service/unknown-device.js";
import type { Streams } from "../streams.js";

/** Variable with the address of the broker. */
const BROKER_VARIABLE = "NANOAGENT_BROKER";

/** A fleet that the command line names. Its connection is closed with it. */
export interface ConnectedFleet extends AsyncDisposable {
  readonly registry: Registry;
  /** Prefix of Home Assistant's discovery. */
  readonly discoveryPrefix: string | undefined;
}

/** Where the broker is, and how its settings are called in messages. */
interface BrokerPlace {
  readonly settings: MqttSettings;
  readonly prefix: string | undefined;
  /** Names in messages, in the place of keys of a config. */
  readonly names: readonly (readonly [key: string, option: string])[];
}

/** Names of options for keys of the config, in messages of the connection. Longer keys come first. */
const optionNames = [
  ["mqtt.tls.ca_path", "--ca"],
  ["mqtt.tls.certificate_path", "--certificate"],
  ["mqtt.tls.key_path", "--key"],
  ["mqtt.tls", "a file of --ca, --certificate or --key"],
  ["mqtt.username", "--username"],
  ["mqtt.password_env", "--password-env"],
  ["mqtt.prefix", "--prefix"],
] as const;

/**
 * Connects to the broker that the command line, the environment or a config names, and reads the agents that are registered
 * there. Problems that come up later are printed.
 */
export async function connectFleet(values: OptionValues, { stderr, stop }: Streams): Promise<ConnectedFleet> {
  const { settings, prefix, names } = await findBroker(values);
  const rename = (text: string) => names.reduce((sum, [key, option]) => sum.replaceAll(key, option), text);
  const say = (message: string) => stderr.write(plainText(`note: ${rename(message)}\n`));
  const early: string[] = [];
  let note = (level: string, message: string) => {
    if (level === "warning") early.push(message);
  };
  try {
    const { openBroker } = await loadMqtt();
    const connection = await openBroker(settings, {
      environment: process.env,
      keepsSession: false,
      onNotice: ({ level, message }) => note(level, message),
    });
    try {
      const registry = await openRegistry(connection, { prefix, signal: stop });
      for (const message of early) say(message);
      note = (_, message) => {
        say(message);
      };
      const { home_assistant: place } = settings;
      return {
        registry,
        discoveryPrefix: typeof place === "object" ? place.prefix : undefined,
        async [Symbol.asyncDispose]() {
          await registry.close();
          await connection.close();
        },
      };
    } catch (error) {
      await connection.close();
      throw error;
    }
  } catch (error) {
    throw NanoAgentError.isInstance(error) ? renamed(error, rename) : error;
  }
}

async function findBroker(values: OptionValues): Promise<BrokerPlace> {
  const { broker, config: named, prefix } = values;
  const variable = process.env[BROKER_VARIABLE] || undefined;
  const url = broker ?? (named === undefined ? variable : undefined);
  const { mqtt, prefix: configPrefix } =
    url === undefined ? await readConfigBroker(named) : { mqtt: { url: String(url) }, prefix: undefined };
  const { password_env, username, tls, ...rest }: MqttSettings = mqtt;
  const own = {
    username: textOf(values.username) ?? username,
    password_env: textOf(values["password-env"]) ?? password_env,
    tls: {
      ca_path: textOf(values.ca) ?? tls?.ca_path,
      certificate_path: textOf(values.certificate) ?? tls?.certificate_path,
      key_path: textOf(values.key) ?? tls?.key_path,
    },
  };
  return {
    // An ID of its own: with that of an agent, the broker would end the agent's connection.
    settings: { ...rest, ...own, client_id: `nanoagent-fleet-${randomBytes(6).toString("hex")}` },
    prefix: textOf(prefix) ?? configPrefix,
    names: url === undefined ? [] : [...optionNames, ["mqtt.url", broker === undefined ? BROKER_VARIABLE : "--broker"]],
  };
}

async function readConfigBroker(
  named: OptionValues[string],
): Promise<{ mqtt: MqttSettings; prefix?: string | undefined }> {
  const needs = `fleet needs --broker URL, the variable ${BROKER_VARIABLE}, or a config with mqtt.`;
  const file = String(named ?? (await findDefaultConfig(needs)));
  // The device does not matter here, so it is not profiled.
  const { mqtt, fleet } = await readConfig(file, { profile: async () => unknownDevice });
  if (mqtt !== undefined) return { mqtt, prefix: fleet?.prefix ?? mqtt.prefix };
  throw new UsageError({
    message: needs,
    reason: `${file} has no mqtt.`,
    hint: "Pass the address of the broker with --broker mqtt://HOST.",
  });
}

function textOf(value: OptionValues[string]): string | undefined {
  return value === undefined ? undefined : String(value);
}

function renamed({ code, message, reason, hint, cause }: NanoAgentError, rename: (text: string) => string) {
  const texts = {
    reason: reason === null ? undefined : rename(reason),
    hint: hint === null ? undefined : rename(hint),
  };
  return new NanoAgentError({ code, message: rename(message), ...texts, cause });
}
