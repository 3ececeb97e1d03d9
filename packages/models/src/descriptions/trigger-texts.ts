import type { KeyTexts } from "./key-texts.js";

const placeholders =
  "Placeholders: `{payload}`, `{payload.KEY}`, `{topic}`, `{topic.N}` (levels from 0), `{trigger}`, `{at}`, `{event}`.";
const missed =
  "Runs that were due while the service was stopped or the device was off: `skip`, `once`, or `all up to N`, such as `all up to 5`.";
const jitter = "Each run is later by a random time up to this one.";
const overlap =
  "A run that is due before the one before it has finished: `skip` leaves it out, `queue` runs it afterwards, " +
  "`replace` aborts the one that runs.";

const sources: KeyTexts = {
  when: {
    description:
      "The source of events: one of `schedule`, `every`, `mqtt`, `gpio`, `file`, `http` and `command`, with its options.",
    examples: [{ schedule: "0 6 * * *" }, { mqtt: { topic: "garden/+/moisture" } }],
  },
  "when.schedule": {
    description:
      "Times as a line of cron: minute, hour, day of the month, month, day of the week; or `@hourly`, `@daily`, " +
      "`@weekly`, `@monthly`. In the hour that the clock skips in spring, a daily run comes right after; in the hour " +
      "that it repeats in autumn, once.",
    examples: ["0 6 * * *", "*/15 8-17 * * MON-FRI", "@daily"],
  },
  "when.time_zone": {
    description: "Time zone of the schedule. Default: that of the system.",
    examples: ["Europe/Berlin"],
  },
  "when.every": {
    description:
      "Time between two runs. Runs are at the multiples of this time since 1970, so restarts do not move them.",
    examples: ["10m", "1h"],
  },
  "when.missed": { description: missed, default: "skip", examples: ["once", "all up to 5"] },
  "when.overlap": { description: overlap, default: "skip" },
  "when.jitter": { description: jitter, default: "0s", examples: ["30s"] },
  "when.mqtt": {
    description: "Messages of the broker in `mqtt`. Each is acknowledged when it is on disk.",
    examples: [{ topic: "garden/+/moisture" }],
  },
  "when.mqtt.topic": {
    description: "Topic. `+` stands for one level, and `#` at the end for all that follow.",
    examples: ["garden/+/moisture", "house/#"],
  },
  "when.mqtt.retained": {
    description: "Whether messages count that the broker had stored before, and sends at every start.",
    default: false,
  },
  "when.gpio": {
    description: "A pin of the board. Needs the program gpiomon (package gpiod).",
    examples: [{ line: "GPIO17", edge: "falling", debounce: "10ms" }],
  },
  "when.gpio.line": { description: "Name of the line, or its number on the chip.", examples: ["GPIO17", 17] },
  "when.gpio.chip": {
    description:
      "Name or label of the chip. Labels stay the same when the numbers of chips change. Default: the chip that has the line.",
    examples: ["pinctrl-rp1", "gpiochip0"],
  },
  "when.gpio.edge": { description: "Changes that count: `rising`, `falling` or `both`.", default: "both" },
  "when.gpio.debounce": {
    description: "Time for which a new level must last to count. Default: every change counts.",
    examples: ["10ms"],
  },
  "when.gpio.bias": {
    description: "Resistor of the pin: `pull-up`, `pull-down` or `disabled`. Default: as the board has set it.",
    examples: ["pull-up"],
  },
  "when.file": {
    description: "A file that appears or changes, once its content has stopped changing.",
    examples: [{ path: "inbox/*.csv" }],
  },
  "when.file.path": {
    description: "Path of the file, relative to this file. `*` in its name stands for any letters.",
    examples: ["inbox/*.csv", "/run/alarm"],
  },
  "when.file.settle": { description: "Time without a change after which a file counts as complete.", default: "1s" },
  "when.http": {
    description: "Requests to `POST /hooks/NAME` of the server, NAME being that of the trigger.",
    examples: [{ secret_env: "DOOR_SECRET" }],
  },
  "when.http.secret_env": {
    description:
      "Name of the environment variable that holds the secret: a bearer token, or the key of the signature in " +
      "`webhook-signature` or `X-Hub-Signature-256`. Never write the secret itself here.",
    examples: ["DOOR_SECRET"],
  },
  "when.command": {
    description: "Program to start and its arguments, without a shell. Each line that it prints is an event.",
    examples: [["journalctl", "--follow", "--output=cat", "--unit=pump"]],
  },
  "when.working_directory": { description: "Folder that the program runs in, relative to this file.", default: "." },
  "when.environment": { description: "Environment variables of the program, by name.", examples: [{ UNIT: "pump" }] },
};

/** Keys of `TriggerCondition`. */
export const triggerConditionTexts: KeyTexts = {
  value: {
    description: "Value to test: `payload`, `payload.KEY`, `topic` or `topic.N`. Default: `payload`.",
    examples: ["payload.percent"],
  },
  equals: { description: "The value is this one.", examples: ["open", 1, true] },
  not_equals: { description: "The value is any other.", examples: ["closed"] },
  one_of: { description: "The value is one of these.", examples: [["open", "ajar"]] },
  above: { description: "The value is a number above this one.", examples: [30] },
  below: { description: "The value is a number below this one.", examples: [30] },
  at_least: { description: "The value is this number or above.", examples: [30] },
  at_most: { description: "The value is this number or below.", examples: [30] },
  hysteresis: {
    description:
      "The condition counts once when the value crosses the limit, and again only after it went back by this much.",
    examples: [3],
  },
  change_by: {
    description: "The value differs by at least this much from the one that counted last. The first one counts.",
    examples: [0.5],
  },
  for: {
    description: "The condition counts once when the comparisons have held for this long.",
    examples: ["5m"],
  },
  rate_limit: {
    description: "Most events that count within a time. Those beyond it do nothing.",
    examples: [{ max: 3, per: "1h" }],
  },
  "rate_limit.max": { description: "Number of events.", examples: [3] },
  "rate_limit.per": { description: "The time.", examples: ["1h"] },
  quiet_hours: {
    description: "Times of the day at which events do nothing.",
    examples: [{ from: "22:00", to: "06:00" }],
  },
  "quiet_hours.from": { description: "Beginning.", examples: ["22:00"] },
  "quiet_hours.to": { description: "End. Before the beginning, it is on the next day.", examples: ["06:00"] },
  "quiet_hours.time_zone": {
    description: "Time zone of both. Default: that of the system.",
    examples: ["Europe/Berlin"],
  },
};

/** Keys of `TriggerAnswer`. */
export const triggerAnswerTexts: KeyTexts = {
  mqtt: { description: "A message to the broker in `mqtt`.", examples: [{ topic: "garden/log" }] },
  "mqtt.topic": { description: `Topic. ${placeholders}`, examples: ["garden/log"] },
  "mqtt.payload": {
    description: "Text of the message. `{answer}` is the answer. Default: the answer alone.",
    examples: ["Bed {topic.1}: {answer}"],
  },
  "mqtt.retain": { description: "Whether the broker keeps the message for later subscribers.", default: false },
  command: {
    description:
      "Program and its arguments, without a shell. It gets the answer on stdin, and `{answer}` in arguments.",
    examples: [["logger", "--tag", "greenhouse"]],
  },
  working_directory: { description: "Folder that the program runs in, relative to this file.", default: "." },
  http: {
    description: "A POST request with the answer as JSON: event, trigger, time and answer.",
    examples: [{ url: "https://example.com/hook", secret_env: "HOOK_TOKEN" }],
  },
  "http.url": { description: "Address of the request.", examples: ["https://example.com/hook"] },
  "http.secret_env": {
    description:
      "Name of the environment variable that holds the token to send as a bearer token. Never write the token itself here.",
    examples: ["HOOK_TOKEN"],
  },
  file: {
    description: "A file that each answer is appended to, as a line of JSON.",
    examples: [{ path: "answers.jsonl" }],
  },
  "file.path": { description: "Path of the file, relative to this file.", examples: ["answers.jsonl"] },
};

/** Keys of one trigger. */
export const triggerTexts: KeyTexts = {
  name: {
    description: "Name of the trigger: lower-case letters, digits, `-` and `_`.",
    examples: ["dry-bed"],
  },
  enabled: { description: "Whether the trigger is switched on.", default: true },
  ...sources,
  if: {
    description: "One condition or a list of which all must hold, tested without a model. Default: every event counts.",
    examples: [{ value: "payload.percent", below: 30, hysteresis: 3, for: "5m" }],
  },
  do: {
    description:
      "The act: a tool with its arguments, a sentence of the intents, or a message to the model. In this order they " +
      "cost less.",
    examples: [{ tool: "water_bed", arguments: { bed: "{topic.1}", minutes: 5 } }],
  },
  "do.tool": {
    description: "Name of the tool. Its `permission` must be `always`, unless somebody can be asked.",
    examples: ["water_bed"],
  },
  "do.arguments": {
    description: `Arguments of the tool. ${placeholders} A text that is one placeholder alone keeps the type of the value.`,
    examples: [{ bed: "{topic.1}", minutes: 5 }],
  },
  "do.sentence": {
    description: `Sentence of the intents; the model never gets it. ${placeholders}`,
    examples: ["water the {topic.1} bed"],
  },
  "do.message": {
    description: `Message to the model, which may use the agent's tools. ${placeholders}`,
    examples: ["The door reports {payload}. Decide whether to switch the light on."],
  },
  then: {
    description: "Where the answer goes: one place or a list. Default: only the log of the triggers.",
    examples: [{ mqtt: { topic: "garden/log" } }],
  },
  dedupe: {
    description:
      "How repeated events are recognized, and dropped. Events without the value are never repeated ones. `off`: every " +
      "event counts. Default: `by: payload.id`, `window: 10m`.",
    examples: [{ by: "payload.id", window: "10m" }, "off"],
  },
  "dedupe.by": { description: "Value that repeated events have in common.", examples: ["payload.id"] },
  "dedupe.window": { description: "Time within which the second event is dropped.", default: "10m" },
  on_unknown: {
    description:
      "What happens to an act that was under way when the program ended, if its tool is not `idempotent`: `ask` " +
      "somebody, `skip` it, or `retry` it. Default: `skip` for a tool that changes something, otherwise `retry`.",
  },
  tries: { description: "Most tries of an act that fails, with growing pauses between them.", default: 5 },
  queue: {
    description: "Limits of the events that wait for this trigger.",
    examples: [{ max_events: 100, max_age: "1h", when_full: "drop-oldest" }],
  },
  "queue.max_events": { description: "Most events that wait.", default: 1000 },
  "queue.max_age": { description: "Events that have waited longer are dropped.", default: "1d" },
  "queue.when_full": {
    description:
      "`refuse`: a new event stays with its sender, such as the broker, until there is room. `drop-oldest` and " +
      "`drop-newest` drop one, and report it.",
    default: "refuse",
  },
};
