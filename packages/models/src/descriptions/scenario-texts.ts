import { type KeyTexts, textsAt } from "./key-texts.js";

/** Keys of a turn, which a scenario of a single turn has as well. */
const turn: KeyTexts = {
  say: { description: "Message of the user.", examples: ["Switch the lamp in the kitchen on."] },
  expect: {
    description: "Calls that must happen, in any order and no others. `none`: no call.",
    default: "none",
    examples: ["none", [{ tool: "switch_lamp", arguments: { room: "kitchen", state: "on" } }]],
  },
  "expect[].tool": "Name of the tool.",
  "expect[].arguments": {
    description:
      "Expected arguments, by name: an exact value, or `{from, to}` for a range, `{pattern}` for a regular " +
      "expression, `{one_of: [...]}` or `{any: true}`. Other arguments must be absent or have their default.",
    examples: [{ room: "kitchen", percent: { from: 35, to: 45 } }],
  },
  asks: "Whether the reply must ask the user something.",
  reply: "Requirements for the text of the reply. Letter case does not count.",
  "reply.contains": { description: "Texts that the reply must contain.", examples: [["21"]] },
  "reply.pattern": "Regular expression that the reply must match.",
  "reply.forbids": { description: "Texts that the reply must not contain.", examples: [["sorry"]] },
};

const tools: KeyTexts = {
  tools: "Tools that the model can call. They are simulated: nothing runs.",
  "tools[].name": { description: "Name of the tool.", examples: ["switch_lamp"] },
  "tools[].description": {
    description: "Purpose of the tool. The model reads it.",
    examples: ["Switches a lamp on or off."],
  },
  "tools[].changes_world": { description: "Whether a call changes something.", default: false },
  "tools[].parameters": {
    description: "JSON Schema of the arguments; `type: object` is added. Default: no arguments.",
    examples: [{ properties: { room: { type: "string" } }, required: ["room"] }],
  },
  "tools[].result": { description: "Result of a call: text or any JSON.", default: "done" },
  "tools[].error": "Error message of a call. With it, every call fails.",
};

const before: KeyTexts = {
  before: "Messages of the conversation before this one.",
  "before[].role": "Author: `user`, `assistant`, or `tool` for a tool's result.",
  "before[].content": "Text of the message, or the result of the tool.",
  "before[].tool_calls": "Tool calls of an assistant's message.",
  "before[].tool_calls[].id": "Identifier of the call. The tool's message repeats it.",
  "before[].tool_calls[].name": "Name of the tool.",
  "before[].tool_calls[].arguments": "Arguments of the call.",
  "before[].tool_call_id": "In a tool's message: identifier of the call that it answers.",
};

export const scenarioTexts: KeyTexts = {
  "": "Scenarios for `nanoagent eval`: simulated tools, and messages with the calls that they should lead to.",
  name: { description: "Name of the file in reports.", examples: ["house"] },
  description: "Subject of the scenarios.",
  instructions: "Instructions for the model. Default: those of the config.",
  ...tools,
  scenarios: "Messages, each with the calls and the reply that are right.",
  "scenarios[].id": { description: "Name of the scenario. Unique in its file.", examples: ["lamp-on"] },
  "scenarios[].groups": { description: "Groups that reports count the scenario in.", examples: [["call", "numbers"]] },
  "scenarios[].language": { description: "Language of the messages.", default: "en", examples: ["de"] },
  "scenarios[].part":
    "Part of a collection, for `--part`: `training`, `development`, or `sealed` for scenarios that are kept unseen.",
  ...textsAt("scenarios[]", turn),
  "scenarios[].turns": "Turns of a dialogue, in one conversation. Use it instead of `say`.",
  ...textsAt("scenarios[].turns[]", turn),
  ...textsAt("scenarios[]", before),
};
