import { type MqttSettings, type NanoAgentConfig, NanoAgentError } from "@nanoagent/models";
import type { CheckedPart, CheckReport, ConfigPath } from "./check-report.js";
import { checkVariable } from "./check-variable.js";
import type { TriggerParts } from "./trigger-parts.js";

/** Checks the connection to a broker, without connecting. With `isHere`, also its files and variables. */
export async function checkMqtt(
  report: CheckReport,
  config: Pick<NanoAgentConfig, "mqtt" | "fleet">,
  isHere: boolean,
): Promise<void> {
  const { mqtt } = config;
  if (mqtt === undefined) return;
  const { loadTriggerParts } = await import("@nanoagent/server/program");
  const part = report.part("MQTT");
  await checkMqttRules(part, config, await loadTriggerParts(), isHere);
  part.summary = describe(mqtt);
  if (isHere) checkVariable(part, ["mqtt", "password_env"], mqtt.password_env, "The broker's password");
}

/**
 * Checks what no schema can express: a service refuses at its start what this reports as an error. With `isHere`, also
 * the files of the certificates.
 */
export async function checkMqttRules(
  part: CheckedPart,
  { mqtt, fleet }: Pick<NanoAgentConfig, "mqtt" | "fleet">,
  parts: TriggerParts,
  isHere: boolean,
): Promise<void> {
  if (mqtt === undefined) return;
  const { password_env: variable, tls, url, username, ...rest } = mqtt;
  const settings = { ...rest, url, username, password_env: variable, ...(isHere && tls !== undefined && { tls }) };
  // Whether the variable is set is known where the service runs.
  const environment = variable === undefined ? {} : { [variable]: "set" };
  try {
    await parts.resolveBroker(settings, { environment, clientId: "check" });
  } catch (error) {
    if (!NanoAgentError.isInstance(error)) throw error;
    part.error(placeOf(error, tls), error);
  }
  // In a fleet, the ID of the client is not a level of the topics.
  checkNames(part, fleet === undefined ? mqtt : { ...mqtt, client_id: undefined }, parts);
  if (username === undefined || variable === undefined || !isUnprotected(url)) return;
  part.warn(["mqtt", "url"], {
    code: "password-unprotected",
    message: "The broker's password crosses the network unencrypted.",
    hint: "Use mqtts:// where the broker offers TLS.",
  });
}

/** Returns the key that an error is about: the first that its texts name and that the config has. */
function placeOf({ message, hint }: NanoAgentError, tls: MqttSettings["tls"]): ConfigPath {
  const named = [...`${message} ${hint ?? ""}`.matchAll(/\bmqtt\.([a-z_]+)(?:\.([a-z_]+))?/g)];
  const [, key, file] = named[0] ?? [];
  if (key === undefined) return ["mqtt", "url"];
  return file !== undefined && Object.hasOwn(tls ?? {}, file) ? ["mqtt", key, file] : ["mqtt", key];
}

/** Whether a connection leaves this machine without TLS. */
function isUnprotected(url: string): boolean {
  const { protocol, hostname } = URL.canParse(url) ? new URL(url) : { protocol: "", hostname: "" };
  return protocol === "mqtt:" && !/^(?:127\.|localhost$|\[::1\]$)/.test(hostname);
}

function checkNames(part: CheckedPart, { prefix, client_id, home_assistant }: MqttSettings, parts: TriggerParts): void {
  const check = (path: ConfigPath, value: string | undefined) => {
    const problem = value === undefined ? null : parts.findPrefixProblem(value);
    if (problem === null) return;
    const hint = 'Write one or more levels, such as "nanoagent" or "home/agents".';
    part.error(path, { code: "invalid-config", message: problem, hint });
  };
  check(["mqtt", "prefix"], prefix);
  if (typeof home_assistant === "object") check(["mqtt", "home_assistant", "prefix"], home_assistant.prefix);
  if (client_id !== undefined && parts.agentIdOf(client_id) !== client_id) {
    part.warn(["mqtt", "client_id"], {
      code: "client-id-changed",
      message: `The agent's topics have "${parts.agentIdOf(client_id)}" in the place of this ID.`,
      hint: "Use at most 64 letters, digits, - and _, so that both are the same.",
    });
  }
}

function describe({ url, client_id, home_assistant = true, ask = true }: MqttSettings): string {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  const parts = [
    parsed === null ? "the address is wrong" : `${parsed.protocol}//${parsed.host}`,
    ...(client_id === undefined ? [] : [`as ${client_id}`]),
    "not contacted",
    ...(home_assistant === false ? [] : ["shown to Home Assistant"]),
    ...(ask ? ["answers questions"] : []),
  ];
  return parts.join(", ");
}
