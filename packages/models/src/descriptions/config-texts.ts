import { agentSpecTexts } from "./agent-spec-texts.js";
import { deviceDetailsTexts } from "./device-details-texts.js";
import { deviceKeyTexts } from "./edge-device-texts.js";
import { fleetTexts } from "./fleet-texts.js";
import { intentTexts } from "./intent-texts.js";
import { type KeyTexts, textsAt, withoutRoot } from "./key-texts.js";
import { mcpServerTexts } from "./mcp-server-texts.js";
import { mqttTexts } from "./mqtt-texts.js";
import { samplingTexts } from "./sampling-texts.js";
import { serveTexts } from "./serve-texts.js";
import { commandToolTexts } from "./tool-texts.js";
import { triggerAnswerTexts, triggerConditionTexts, triggerTexts } from "./trigger-texts.js";

const device: KeyTexts = {
  device: {
    description:
      "Device that the agent runs on. `auto` reads it from this machine; `{ auto: true, memory_mb: 512 }` overrides " +
      "parts of that.",
    examples: [
      "auto",
      { auto: true, memory_mb: 512 },
      { device_id: "rpi4-4core", platform: "linux-aarch64", memory_mb: 4096, cpu_cores: 4 },
    ],
  },
  ...textsAt("device", withoutRoot(deviceKeyTexts)),
  "device.auto": "Read the device from this machine. The other keys of `device` override what is found.",
};

const engine: KeyTexts = {
  "": {
    description: "Engine that answers messages: the built-in rules, a local model, or a server.",
    examples: [{ type: "openai-compatible", url: "http://127.0.0.1:8080" }, { context: 8192 }],
  },
  type:
    "`rules`: built-in replies, without a model. `llama`: the file in `model_path`. `openai-compatible`: the server " +
    "at `url`. Default: `llama` with a `model_path`, otherwise `rules`.",
  url: {
    description: "Address of the server, for `openai-compatible`.",
    examples: ["http://127.0.0.1:8080", "http://127.0.0.1:11434"],
  },
  model: {
    description: "Name of the model on the server, for `openai-compatible`. Not needed if the server has only one.",
    examples: ["qwen2.5:0.5b"],
  },
  api_key_env: {
    description: "Name of the environment variable that holds the server's key. Never write the key itself here.",
    examples: ["SERVER_KEY"],
  },
  allow_network: {
    description: "Whether the server may be on another machine. Messages then leave this device.",
    default: false,
  },
  isolation: {
    description:
      "`process`: a local model runs in its own process, with a memory limit. `none`: it runs in the agent's " +
      "process, so a crash ends the agent.",
    default: "process",
  },
  idle_unload_seconds: {
    description:
      "Seconds without a message until a local model is unloaded; the next message loads it. 0: never unload.",
    default: 300,
    examples: [0, 60],
  },
  context: {
    description:
      "Context length, in tokens. `auto` begins with 4096 and grows when a conversation needs more and memory " +
      "allows it; a number is fixed. A server's own limit applies as well.",
    default: "auto",
    examples: ["auto", 2048, 8192],
  },
  thinking: {
    description:
      "Whether a model that can think before it answers does so: `on`, `off`, or `auto` for the model's own default.",
    default: "auto",
  },
  first_token_seconds: {
    description: "Longest wait for the first token of a server's reply, in seconds.",
    default: 600,
  },
  next_token_seconds: {
    description: "Longest wait between two tokens of a server's reply, in seconds.",
    default: 60,
  },
};

const session: KeyTexts = {
  "": {
    description: "Keeps the conversation on disk, so that it continues after a restart. Default: memory only.",
    examples: [{ dir: "state" }],
  },
  dir: {
    description: "Folder for the conversation, relative to this file. It is created when it does not exist.",
    examples: ["state", "${" + "STATE_DIRECTORY:-state}"],
  },
  fsync: {
    description:
      "When data is forced to the disk. `turn`: after each turn, safe against power loss. `batch`: every 16 turns " +
      "or 5 seconds. `never`: when the system decides.",
    default: "turn",
  },
  on_write_error: {
    description:
      "Effect of a failed write. `refuse`: the message fails. `deliver`: the reply comes and is marked as not saved.",
    default: "refuse",
  },
  retention: {
    description:
      "Limits on the conversation's size and age. The oldest parts are deleted first. Default: keep everything.",
    examples: [{ max_mb: 64, max_days: 365 }],
  },
  "retention.max_mb": {
    description: "Disk space for the conversation, in MB (2^20 bytes); at least 2.",
    examples: [64],
  },
  "retention.max_days": { description: "Age limit, in days.", examples: [365] },
};

const settings: KeyTexts = {
  model_path: {
    description:
      "GGUF model file, relative to this file, or `hub:` and the name of a model on this device, as " +
      "`nanoagent models list` shows it. Null: no local model.",
    examples: ["models/small-q4_0.gguf", "hub:bartowski/SmolLM2-135M-Instruct-GGUF"],
  },
  model_root: {
    description: "Folder that model files must be in, relative to this file. Default: files can be anywhere.",
    examples: ["models"],
  },
  instructions: {
    description: "Instructions that the model reads before every conversation (system prompt).",
    examples: ["You look after a greenhouse. Answer in one sentence."],
  },
  ...textsAt("engine", engine),
  ...textsAt("sampling", samplingTexts),
  ...textsAt("intents", intentTexts),
  tools: {
    description:
      "Commands that the agent can run as tools. Intents can call all of them; the model only those in " +
      "`spec.capabilities`.",
    examples: [
      [
        {
          name: "uptime",
          description: "Says how long the device has been on.",
          command: ["uptime", "-p"],
          changes_world: false,
        },
      ],
    ],
  },
  ...textsAt("tools[]", commandToolTexts),
  mcp_servers: {
    description:
      "MCP servers whose tools the agent can use, by name: a program to start (`command`) or a running server " +
      "(`url`). Their tools are named SERVER_TOOL.",
    examples: [{ garden: { command: ["node", "garden-server.mjs"] }, house: { url: "http://127.0.0.1:8123/mcp" } }],
  },
  ...textsAt("mcp_servers.*", mcpServerTexts),
  skills_dir: {
    description:
      "Folder of Agent Skills (folders with a SKILL.md), relative to this file. `spec.capabilities` switches them " +
      "on by name.",
    examples: ["skills"],
  },
  ...textsAt("session", session),
  window: {
    description: "What happens when a conversation no longer fits the model's context.",
    examples: [{ on_overflow: "summarize" }],
  },
  "window.on_overflow": {
    description:
      "`drop`: the model no longer sees the oldest turns. `summarize`: it sees a summary of them, which it writes " +
      "itself.",
    default: "drop",
  },
  acts:
    "Whether a reply is withheld that claims an act for which no tool was called. `strict`: such a reply is withheld, " +
    "and the model is asked again. `off`: every reply is shown. Default: `strict` for local models below 2 billion " +
    "parameters, otherwise `off`.",
  ...textsAt("serve", serveTexts),
  triggers: {
    description:
      "Acts without a person, under `nanoagent serve`: a source of events, conditions, one act, and where its answer " +
      "goes. They need `session`, whose folder keeps the events.",
    examples: [
      [
        {
          name: "dry-bed",
          when: { mqtt: { topic: "garden/+/moisture" } },
          if: { value: "payload.percent", below: 30, hysteresis: 3, for: "5m" },
          do: { tool: "water_bed", arguments: { bed: "{topic.1}", minutes: 5 } },
        },
      ],
    ],
  },
  ...textsAt("triggers[]", triggerTexts),
  ...textsAt("mqtt", mqttTexts),
  ...textsAt("fleet", fleetTexts),
};

export const configTexts: KeyTexts = {
  "":
    "Config of a nanoagent agent. Only `spec.name` is required. Values can come from environment variables, as `${" +
    "NAME}` or `${" +
    "NAME:-default}`, except in intents and tool arguments.",
  $schema: {
    description: "JSON Schema of this file, for editors. The agent ignores it.",
    examples: ["./node_modules/@nanoagent/models/schemas/nano-agent-config.json"],
  },
  ...textsAt("spec", { ...agentSpecTexts, "": "Name, capabilities and memory limits of the agent." }),
  ...device,
  ...settings,
  ...deviceDetailsTexts,
  ...textsAt("TriggerCondition", triggerConditionTexts),
  ...textsAt("TriggerAnswer", triggerAnswerTexts),
};
