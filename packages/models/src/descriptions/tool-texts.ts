import type { KeyTexts } from "./key-texts.js";

export const permissionText =
  "`always`: run without asking. `ask`: run after somebody agrees; refused where nobody can be asked. `never`: do " +
  "not run.";

export const changesWorldText = "Whether a call changes something. `false` is for tools that only read.";

export const idempotentText =
  "Whether a second run with the same key in NANOAGENT_IDEMPOTENCY_KEY does nothing more than the first. A trigger then " +
  "runs the tool again after a power cut.";

export const environmentText =
  "Environment variables to pass, by name. Variables of the agent's own environment are not passed, except for PATH, " +
  "HOME, locale, proxy and certificate settings.";

export const memoryLimitText =
  "Memory limit for the process and its children, in MB (2^20 bytes). Default: what `spec.max_memory_mb` leaves.";

const parameters: KeyTexts = {
  arguments: {
    description: "Arguments of the command, by name. Each one must appear in `command` as `{name}`. Default: none.",
    examples: [{ zone: { type: "string", enum: ["north", "south"] } }],
  },
  "arguments.*.type": "Type of the value: `string`, `integer`, `number` or `boolean`.",
  "arguments.*.description": {
    description: "Meaning of the argument. The model reads it.",
    examples: ["Which bed to water."],
  },
  "arguments.*.enum": {
    description: "Allowed values. Default: every value of the type.",
    examples: [["north", "south"]],
  },
  "arguments.*.minimum": { description: "Smallest allowed number.", examples: [1] },
  "arguments.*.maximum": { description: "Largest allowed number.", examples: [60] },
  "arguments.*.max_length": { description: "Longest allowed string, in characters.", default: 1000 },
  "arguments.*.default": { description: "Value when the caller leaves the argument out.", examples: [5] },
  "arguments.*.optional": {
    description:
      "Whether the caller may leave the argument out. The parts of `command` that contain it are then left out as " +
      "well.",
    default: false,
  },
};

/** Keys of one command. */
export const commandToolTexts: KeyTexts = {
  name: {
    description:
      "Name of the tool, for `spec.capabilities`, intents and the model: a letter, then letters, digits, `_` and `-`.",
    examples: ["valve"],
  },
  description: {
    description: "Purpose of the tool. The model chooses by it: use the words that people say.",
    examples: ["Opens the valve of a bed for some minutes."],
  },
  command: {
    description:
      "Program and its arguments. No shell is used; `{name}` is the value of an argument, and always stays within " +
      "one argument.",
    examples: [["./valve", "--minutes={minutes}", "--", "{zone}"]],
  },
  ...parameters,
  permission: `${permissionText} Default: \`ask\`, or \`always\` with \`changes_world: false\`.`,
  changes_world: { description: changesWorldText, default: true },
  idempotent: { description: idempotentText, default: false },
  timeout_seconds: { description: "Time limit for a call, in seconds.", default: 30 },
  working_directory: {
    description: "Folder that the command runs in, relative to this file.",
    default: ".",
    examples: ["scripts"],
  },
  environment: { description: environmentText, examples: [{ VALVE_PORT: "/dev/ttyUSB0" }] },
  max_output_kb: {
    description: "Limit for the output, in KB (2^10 bytes). More is cut off.",
    default: 64,
  },
  max_memory_mb: { description: memoryLimitText, examples: [64] },
};
