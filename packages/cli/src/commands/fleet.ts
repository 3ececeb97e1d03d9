import type { Command } from "../command-line/command.js";

/** Actions that choose agents. */
const SELECTING = ["list", "watch", "fit"];

export const fleet: Command = {
  name: "fleet",
  summary: "List, watch, ask and update the agents that are registered at an MQTT broker.",
  details:
    "The broker is --broker, else the variable NANOAGENT_BROKER, else mqtt of the config. An agent registers when its config has mqtt and fleet, under nanoagent serve.\nA selector is all, an ID, or conditions that must all hold: site=berlin,health=degraded. Keys are id, online, site, version, health, bundle, sequence, updates and model; every other key is a label. In a value, * stands for any text.\nExit codes: 1: the broker or the agent cannot be reached, an agent refused, or an update stopped or is unproven, since its first agents are offline; 2: command line; 130: interrupted.",
  operand: {
    name: "action",
    placeholder: "ACTION",
    choices: {
      list: "Show who is there, on which device, with which model, and how it is.",
      show: "Show everything that is known of an agent.",
      watch: "Print a line for each change, until Ctrl-C.",
      fit: "Show which agents could run a model, with exact plans for their devices.",
      ask: "Send a message to an agent, and print its answer.",
      trigger: "Run a trigger of an agent, and wait for the end of its act.",
      update: "Offer a signed bundle to agents, a few first, and stop when too many fail.",
      forget: "Clear everything that the broker keeps of an agent.",
    },
    second: {
      list: { name: "agents", placeholder: "SELECTOR", isOptional: true },
      show: { name: "id", placeholder: "ID" },
      watch: { name: "agents", placeholder: "SELECTOR", isOptional: true },
      fit: { name: "model", placeholder: "MODEL" },
      ask: { name: "id", placeholder: "ID", third: { name: "message", placeholder: "MESSAGE" } },
      trigger: { name: "id", placeholder: "ID", third: { name: "name", placeholder: "NAME" } },
      update: {
        name: "agents",
        placeholder: "SELECTOR",
        third: { name: "bundle", placeholder: "BUNDLE", isPath: true },
      },
      forget: { name: "id", placeholder: "ID" },
    },
  },
  options: {
    broker: {
      kind: "text",
      placeholder: "URL",
      description: "Address of the broker: mqtt://HOST, or mqtts://HOST for TLS.",
      notWith: ["config"],
    },
    username: { kind: "text", placeholder: "NAME", description: "User name at the broker." },
    "password-env": {
      kind: "text",
      placeholder: "VARIABLE",
      description: "Environment variable with the password at the broker.",
    },
    ca: { kind: "path", placeholder: "FILE", description: "Certificates that the broker's may be signed by, PEM." },
    certificate: { kind: "path", placeholder: "FILE", description: "Certificate of this client, PEM." },
    key: { kind: "path", placeholder: "FILE", description: "Private key of this client, PEM." },
    prefix: {
      kind: "text",
      placeholder: "TOPIC",
      description:
        "First levels of the fleet's topics. Default: fleet.prefix or mqtt.prefix of the config, else nanoagent.",
    },
    config: {
      kind: "path",
      placeholder: "PATH",
      description: "Config whose mqtt and fleet to use. Default: agent.yaml, without --broker and NANOAGENT_BROKER.",
    },
    selector: {
      kind: "text",
      placeholder: "SELECTOR",
      description: "fit: only agents that it selects.",
      operands: ["fit"],
    },
    label: {
      kind: "text",
      placeholder: "KEY=VALUE",
      description: "list, watch, fit: only agents with this label. May be repeated.",
      operands: SELECTING,
      repeats: true,
    },
    version: {
      kind: "text",
      placeholder: "VERSION",
      description: "list, watch, fit: only agents with this version of nanoagent, such as 0.1.*.",
      operands: SELECTING,
    },
    health: {
      kind: "text",
      placeholder: "HEALTH",
      description: "list, watch, fit: only agents in this health: ok, degraded or unavailable.",
      choices: ["ok", "degraded", "unavailable"],
      operands: SELECTING,
    },
    context: {
      kind: "positive-number",
      placeholder: "N",
      description: "fit: context to plan for, in tokens.",
      operands: ["fit"],
    },
    "budget-mb": {
      kind: "positive-number",
      placeholder: "N",
      description: "fit: memory budget in MB. Default: max_memory_mb of each agent.",
      operands: ["fit"],
    },
    conversation: {
      kind: "text",
      placeholder: "NAME",
      description: "ask: messages with the same name continue a conversation. Default: the message stands alone.",
      operands: ["ask"],
    },
    payload: {
      kind: "text",
      placeholder: "VALUE",
      description: "trigger: payload of the event: JSON, a number, or text. Default: null.",
      operands: ["trigger"],
    },
    wait: {
      kind: "positive-number",
      placeholder: "SECONDS",
      description: "ask, trigger: longest wait for the answer. Default: 120.",
      operands: ["ask", "trigger"],
    },
    trust: {
      kind: "path",
      placeholder: "PEM",
      description: "update: public key to check the bundle with before it is offered. May be repeated.",
      operands: ["update"],
      repeats: true,
    },
    canary: {
      kind: "positive-number",
      placeholder: "N",
      description: "update: number of agents that must apply the bundle before all others get it. Default: 1.",
      operands: ["update"],
    },
    "max-failures": {
      kind: "text",
      placeholder: "N",
      description: "update: failures after which the update stops. Default: 0, stop at the first.",
      operands: ["update"],
    },
    "at-once": {
      kind: "positive-number",
      placeholder: "N",
      description: "update: most agents that update at the same time. Default: 20.",
      operands: ["update"],
    },
    patience: {
      kind: "positive-number",
      placeholder: "SECONDS",
      description: "update: an agent that is online and silent for so long has failed. Default: 600.",
      operands: ["update"],
    },
    url: {
      kind: "text",
      placeholder: "URL",
      description: "update: address from which agents fetch the bundle. Default: from the broker, in pieces.",
      operands: ["update"],
    },
    force: { kind: "flag", description: "forget: also an agent that is online.", operands: ["forget"] },
    json: { kind: "flag", description: "Print JSON: one array or object; for watch and update, one line per event." },
  },
  examples: [
    "nanoagent fleet list --broker mqtt://broker.example.org",
    "nanoagent fleet list site=berlin,health=degraded",
    "nanoagent fleet show kiosk-7 --json",
    "nanoagent fleet watch",
    "nanoagent fleet fit unsloth/Qwen3-0.6B-GGUF:Q4_K_M",
    'nanoagent fleet ask kiosk-7 "How warm is it?"',
    "nanoagent fleet trigger kiosk-7 morning",
    "nanoagent fleet update all garden.bundle --canary 2 --max-failures 1",
    "nanoagent fleet forget kiosk-7",
  ],
  loadAction: async () => (await import("../fleet/manage-fleet.js")).manageFleet,
};
