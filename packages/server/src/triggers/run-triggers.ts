import path from "node:path";
import type { MqttSettings, TriggerSettings } from "@nanoagent/models";
import type { Agent, PermissionRequest } from "@nanoagent/runtime";
import { openTriggers, type TriggersOptions } from "./open-triggers.js";
import type { Triggers } from "./triggers.js";

export interface RunTriggersOptions
  extends Pick<TriggersOptions, "folder" | "configFolder" | "environment" | "onNotice" | "clock"> {
  /** Default: those of the agent's config. */
  readonly triggers?: readonly TriggerSettings[] | undefined;
  /** The connection to a broker for sources and answers. Default: that of the agent's config, or none. */
  readonly mqtt?: MqttSettings | undefined;
  /** Decides whether a tool with the permission `ask` may run now. Default: no. */
  readonly onPermission?:
    | ((request: PermissionRequest, options: { signal: AbortSignal }) => boolean | Promise<boolean>)
    | undefined;
}

/**
 * Lets an agent act by itself in a program of yours; `nanoagent serve` does the same for a config. The agent must stay open
 * until the triggers are closed. Hooks need a server of yours that passes requests to {@link Triggers.hook}.
 *
 * Resolves when the log of events is recovered and all sources listen or try to. Throws {@link EventLogError}, and
 * `MqttError` `mqtt-settings-invalid`.
 */
export async function runTriggers(agent: Agent, options: RunTriggersOptions): Promise<Triggers> {
  const { triggers = agent.config.triggers ?? [], mqtt = agent.config.mqtt, onPermission, ...own } = options;
  const broker = mqtt === undefined ? null : await connect(mqtt, options);
  const acting: TriggersOptions["agent"] = {
    use: (_signal, act) => act(agent),
    ask: async (request, signal) => (await onPermission?.(request, { signal })) === true,
  };
  try {
    const afterClose = async () => broker?.close();
    const opened = await openTriggers({ ...own, settings: triggers, agent: acting, broker }, { afterClose });
    broker?.ready();
    return opened;
  } catch (error) {
    await broker?.close();
    throw error;
  }
}

async function connect(mqtt: MqttSettings, options: RunTriggersOptions) {
  const { folder, configFolder, environment = process.env, onNotice } = options;
  const [{ openBroker }, { clientIdOf }] = await Promise.all([
    import("../mqtt/open-broker.js"),
    import("../mqtt/client-id.js"),
  ]);
  return openBroker(mqtt, {
    configFolder,
    environment,
    clientId: clientIdOf(),
    filtersPath: path.join(path.dirname(path.resolve(folder)), "mqtt-topics.json"),
    onNotice: ({ level, message }) => onNotice?.({ level, trigger: null, message }),
  });
}
