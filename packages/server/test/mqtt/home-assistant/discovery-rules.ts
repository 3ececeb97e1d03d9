/**
 * The rules of Home Assistant's MQTT discovery, as facts taken from home-assistant/core, components/mqtt: schemas.py (with
 * DEVICE_DISCOVERY_SCHEMA and SHARED_OPTIONS), config.py, discovery.py, and the file of each platform, as they were in 2026.
 */

/** Keys of every entity, besides those of its platform. */
const COMMON_KEYS = [
  "platform",
  "unique_id",
  "name",
  "qos",
  "encoding",
  "availability",
  "availability_mode",
  "availability_template",
  "availability_topic",
  "payload_available",
  "payload_not_available",
  "device",
  "origin",
  "enabled_by_default",
  "entity_category",
  "entity_picture",
  "icon",
  "json_attributes_topic",
  "json_attributes_template",
];

interface Platform {
  readonly required: readonly string[];
  readonly keys: readonly string[];
}

const platforms: Readonly<Record<string, Platform>> = {
  sensor: {
    required: ["state_topic"],
    keys: [
      "value_template",
      "device_class",
      "expire_after",
      "force_update",
      "last_reset_value_template",
      "options",
      "suggested_display_precision",
      "state_class",
      "unit_of_measurement",
    ],
  },
  binary_sensor: {
    required: ["state_topic"],
    keys: ["value_template", "device_class", "expire_after", "force_update", "off_delay", "payload_off", "payload_on"],
  },
  button: { required: ["command_topic"], keys: ["command_template", "device_class", "payload_press", "retain"] },
  text: {
    required: ["command_topic"],
    keys: [
      "command_template",
      "state_topic",
      "value_template",
      "optimistic",
      "retain",
      "max",
      "min",
      "mode",
      "pattern",
    ],
  },
  event: { required: ["state_topic", "event_types"], keys: ["value_template", "device_class"] },
};

/** Device classes and units that go together, of those that nanoagent may use (components/sensor/const.py). */
const unitsOfClass: Readonly<Record<string, readonly string[]>> = {
  data_size: ["bit", "kbit", "B", "kB", "MB", "GB", "KiB", "MiB", "GiB"],
  temperature: ["°C", "°F", "K"],
};

const TOP_KEYS = [
  "device",
  "origin",
  "components",
  "availability_topic",
  "state_topic",
  "command_topic",
  "qos",
  "encoding",
];
const DEVICE_KEYS = [
  "identifiers",
  "connections",
  "manufacturer",
  "model",
  "model_id",
  "name",
  "hw_version",
  "serial_number",
  "sw_version",
  "via_device",
  "suggested_area",
  "configuration_url",
];
const ORIGIN_KEYS = ["name", "sw_version", "support_url"];
/** Beginning of a topic that Home Assistant reads, after its prefix (TOPIC_MATCHER of discovery.py). */
export const DEVICE_TOPIC = /^device\/(?:[a-zA-Z0-9_-]+\/)?[a-zA-Z0-9_-]+\/config$/;
const MAX_STATE = 255;

type Json = Readonly<Record<string, unknown>>;

/** Returns the reasons why Home Assistant would refuse or ignore a part of a device's config. */
export function findConfigProblems(config: Json): string[] {
  const device = config.device as Json;
  const origin = config.origin as Json;
  const components = config.components as Readonly<Record<string, Json>>;
  return [
    ...unknownKeys("top", config, TOP_KEYS),
    ...unknownKeys("device", device, DEVICE_KEYS),
    ...unknownKeys("origin", origin, ORIGIN_KEYS),
    ...(Array.isArray(device.identifiers) && device.identifiers.length > 0 ? [] : ["device: no identifier"]),
    ...(typeof origin.name === "string" ? [] : ["origin: no name"]),
    ...["availability_topic"].flatMap((key) => topicProblems("top", key, config[key])),
    ...Object.entries(components).flatMap(([key, component]) => componentProblems(key, component)),
    ...duplicates(Object.values(components).map(({ unique_id }) => String(unique_id))),
  ];
}

function componentProblems(key: string, component: Json): string[] {
  const platform = platforms[String(component.platform)];
  if (platform === undefined) return [`${key}: platform ${component.platform}`];
  // A removal.
  if (Object.keys(component).length === 1) return [];
  const { min = 0, max = MAX_STATE, options, device_class, state_class, unit_of_measurement, event_types } = component;
  return [
    ...unknownKeys(key, component, [...COMMON_KEYS, ...platform.required, ...platform.keys]),
    ...[...platform.required, "unique_id"]
      .filter((name) => component[name] === undefined)
      .map((name) => `${key}: no ${name}`),
    ...["state_topic", "command_topic", "json_attributes_topic"].flatMap((name) =>
      component[name] === undefined ? [] : topicProblems(key, name, component[name]),
    ),
    ...(Number(max) > MAX_STATE || Number(min) > Number(max) ? [`${key}: length`] : []),
    ...(options !== undefined && (device_class !== "enum" || state_class || unit_of_measurement)
      ? [`${key}: options`]
      : []),
    ...(event_types !== undefined && (event_types as unknown[]).length === 0 ? [`${key}: event_types`] : []),
    ...(unitsOfClass[String(device_class)]?.includes(String(unit_of_measurement)) === false ? [`${key}: unit`] : []),
    ...(component.icon === undefined || /^mdi:[a-z-]+$/.test(String(component.icon)) ? [] : [`${key}: icon`]),
    ...([undefined, "config", "diagnostic"].includes(component.entity_category as string) ? [] : [`${key}: category`]),
    ...([undefined, "measurement", "total", "total_increasing"].includes(state_class as string)
      ? []
      : [`${key}: class`]),
  ];
}

function unknownKeys(place: string, object: Json, keys: readonly string[]): string[] {
  return Object.keys(object)
    .filter((key) => !keys.includes(key))
    .map((key) => `${place}: unknown key ${key}`);
}

function topicProblems(place: string, key: string, topic: unknown): string[] {
  return typeof topic === "string" && topic !== "" && !/[+#\0]/.test(topic) ? [] : [`${place}: ${key}`];
}

function duplicates(values: readonly string[]): string[] {
  return values.filter((value, index) => values.indexOf(value) !== index).map((value) => `twice: ${value}`);
}
