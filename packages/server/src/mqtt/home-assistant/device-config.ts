import { cutText } from "@nanoagent/models";
import type { AgentTopics } from "../agent-topics.js";
import { ACT_OUTCOMES, AGENT_STATES, type AgentNames } from "../bridged-agent.js";

/** Longest state of an entity in Home Assistant, in characters. */
const MAX_STATE_CHARACTERS = 255;
const MAX_NAME_CHARACTERS = 100;
/** Name in `origin`, by which a config of nanoagent is recognized. */
export const ORIGIN = "nanoagent";
const SUPPORT_URL = "https://www.npmjs.com/package/@nanoagent/cli";

/** An entity of the device; with `platform` alone, its removal. */
export type Component = Readonly<Record<string, unknown>> & { readonly platform: string };

/** Content of `homeassistant/device/ID/config`. */
interface DeviceConfig {
  readonly device: Readonly<Record<string, unknown>>;
  readonly origin: { readonly name: string; readonly sw_version: string; readonly support_url: string };
  readonly availability_topic: string;
  readonly qos: 1;
  readonly components: Readonly<Record<string, Component>>;
}

interface DeviceParts {
  readonly topics: AgentTopics;
  readonly names: AgentNames;
  /** Names of the triggers that get a button. */
  readonly triggers: readonly string[];
  /** Whether the agent answers messages. */
  readonly asks: boolean;
}

/**
 * Returns the config of an agent as a device of Home Assistant, from version 2024.11 on: sensors, a button for each trigger,
 * a text to ask, an event for each act, and a binary sensor for problems. Ids depend on the agent's ID alone, so that a
 * renamed agent keeps its entities. Home Assistant's own commands come at QoS 1.
 */
export function deviceConfig({ topics, names, triggers, asks }: DeviceParts): DeviceConfig {
  const own = `${ORIGIN}_${topics.id}`;
  const components: [string, Component][] = [
    ...sensors(topics),
    ...(asks ? [askText(topics)] : []),
    actEvent(topics),
    ...triggers.map((name) => runButton(topics, name)),
  ];
  return {
    device: {
      identifiers: [own],
      name: cutText(names.name, MAX_NAME_CHARACTERS),
      manufacturer: ORIGIN,
      ...(names.model !== null && { model: cutText(names.model, MAX_NAME_CHARACTERS) }),
      sw_version: names.version,
      ...(isWebAddress(names.pageUrl) && { configuration_url: names.pageUrl }),
    },
    origin: { name: ORIGIN, sw_version: names.version, support_url: SUPPORT_URL },
    availability_topic: topics.status,
    qos: 1,
    components: Object.fromEntries(
      components.map(([key, component]) => [key, { ...component, unique_id: `${own}_${key}` }]),
    ),
  };
}

function sensors({ state, lastAnswer }: AgentTopics): [string, Component][] {
  const diagnostic = { entity_category: "diagnostic", state_topic: state };
  const measured = { ...diagnostic, platform: "sensor", state_class: "measurement" };
  return [
    [
      "state",
      {
        platform: "sensor",
        name: "State",
        icon: "mdi:robot-outline",
        state_topic: state,
        value_template: "{{ value_json.state }}",
        device_class: "enum",
        options: AGENT_STATES,
      },
    ],
    [
      "last_answer",
      {
        platform: "sensor",
        name: "Last answer",
        icon: "mdi:message-reply-text-outline",
        state_topic: lastAnswer,
        value_template: `{{ value_json.text[:${MAX_STATE_CHARACTERS}] }}`,
        json_attributes_topic: lastAnswer,
      },
    ],
    [
      "memory",
      {
        ...measured,
        name: "Memory",
        value_template: "{{ value_json.memory_mb }}",
        device_class: "data_size",
        unit_of_measurement: "MiB",
      },
    ],
    [
      "speed",
      {
        ...measured,
        name: "Speed",
        icon: "mdi:speedometer",
        value_template: "{{ value_json.tokens_per_second }}",
        unit_of_measurement: "tok/s",
      },
    ],
    [
      "temperature",
      {
        ...measured,
        name: "Temperature",
        value_template: "{{ value_json.temperature_celsius }}",
        device_class: "temperature",
        unit_of_measurement: "°C",
      },
    ],
    [
      "problem",
      {
        ...diagnostic,
        platform: "binary_sensor",
        name: "Problem",
        value_template: "{{ 'ON' if value_json.problem else 'OFF' }}",
        device_class: "problem",
        json_attributes_topic: state,
        json_attributes_template: "{{ {'problem': value_json.problem} | tojson }}",
      },
    ],
  ];
}

function askText({ ask }: AgentTopics): [string, Component] {
  const icon = "mdi:message-question-outline";
  return ["ask", { platform: "text", name: "Ask", icon, command_topic: ask, min: 1, max: MAX_STATE_CHARACTERS }];
}

function actEvent({ event }: AgentTopics): [string, Component] {
  return [
    "act",
    {
      platform: "event",
      name: "Act",
      icon: "mdi:lightning-bolt-outline",
      state_topic: event,
      event_types: ACT_OUTCOMES,
    },
  ];
}

function runButton({ run }: AgentTopics, name: string): [string, Component] {
  const button = { platform: "button", name: `Run ${name}`, icon: "mdi:play-circle-outline", command_topic: run(name) };
  return [`run_${name}`, button];
}

function isWebAddress(text: string | null): text is string {
  return text !== null && /^https?:\/\//.test(text) && URL.canParse(text);
}
