import path from "node:path";
import type { EdgeDevice, NanoAgentConfigFileInput } from "@nanoagent/models";
import { plainLine } from "../output/plain-text.js";

/** Folder of the conversation, beside the config, when nobody names another. */
export const USUAL_SESSION_DIR = "state";

/** What is known of an agent before its config is written. */
export interface NewAgent {
  name: string;
  device: EdgeDevice;
  /** Absolute. */
  model: string | null;
  memoryMb: number;
  modelSizeMb: number;
  sessionDir: string | null;
  /** Whether it begins with sentences, and a command that one of them runs. */
  hasSentences: boolean;
}

const clock = {
  name: "clock",
  description: "Says what time it is on this device.",
  command: ["node", "--print", "new Date().toTimeString().slice(0, 5)"],
  changes_world: false,
};

const definitions = [
  {
    name: "tell the time",
    sentences: ["what time is it", "[what is] the time"],
    tool: "clock",
    answer: "It is {result}.",
  },
  { name: "take a note", sentences: ["note [that] {note}"], answer: "Noted: {note}" },
];

/** The config of a new agent as data, for the file `file`. */
export function configOf(agent: NewAgent, file: string): NanoAgentConfigFileInput {
  return {
    spec: {
      name: literally(agent.name),
      capabilities: ["status-check", "echo"],
      max_memory_mb: agent.memoryMb,
      max_model_size_mb: agent.modelSizeMb,
    },
    device: "auto",
    ...(agent.model !== null && { model_path: literalPath(pathFrom(file, agent.model)) }),
    ...(agent.sessionDir !== null && { session: { dir: sessionDirOf(agent.sessionDir) } }),
    ...(agent.hasSentences && { tools: [clock], intents: { slots: { note: "text" }, definitions } }),
  };
}

/** The same as YAML, with comments that say what else there is. */
export function commentedConfig(agent: NewAgent, file: string): string {
  const { device } = agent;
  const sections = [
    `# The agent of this folder. "nanoagent check" says what is wrong with it, "nanoagent run" talks to it.
spec:
  name: ${quoted(literally(agent.name))}
  capabilities: # skills, and tools that a model may call, by name
    - status-check
    - echo
  max_memory_mb: ${agent.memoryMb} # the most memory that it may take, in MB of 2^20 bytes; this device has ${device.memory_mb}
  max_model_size_mb: ${agent.modelSizeMb} # the largest model file that it loads

device: auto # the machine it runs on: here ${plainLine(device.device_id)}`,
    agent.model === null
      ? `# A GGUF file that answers what no sentence does. Without one the built-in rules do.
# model_path: model.gguf
# A server can answer as well: llama-server, Ollama, LM Studio, vLLM.
# engine: { type: openai-compatible, url: "http://127.0.0.1:8080" }`
      : `model_path: ${quoted(literalPath(pathFrom(file, agent.model)))} # answers what no sentence does
# engine: { context: 2048 } # tokens; without it 4096, and more when a conversation needs them`,
    `# What a model is told before every conversation.
# instructions: You look after a workshop. Answer in one sentence.`,
    agent.sessionDir === null
      ? `# The conversation goes on after a restart when it is kept.
# session: { dir: "\${STATE_DIRECTORY:-state}" }`
      : `session: # the conversation goes on after a restart; "nanoagent sessions" looks after it
  dir: ${quoted(sessionDirOf(agent.sessionDir))}${agent.sessionDir === USUAL_SESSION_DIR ? " # in a service of systemd its StateDirectory" : ""}`,
    agent.hasSentences ? SENTENCES : SENTENCES_COMMENTED,
  ];
  return `${sections.join("\n\n")}\n`;
}

const SENTENCES = `# Commands that it may run, without a shell. What changes the world asks first: "permission: always" lets it.
tools:
  - name: clock
    description: Says what time it is on this device.
    command: [node, --print, "new Date().toTimeString().slice(0, 5)"]
    changes_world: false
  # - name: lamp
  #   description: Switches the lamp.
  #   command: [./lamp.sh, "{state}"] # {state} stays one argument, whatever is in it
  #   arguments:
  #     state: { type: string, enum: ["on", "off"] }

# Sentences that are answered at once, without a model: [optional], (one|other), {slot}.
intents:
  slots:
    note: text # any words; a list, or { from: 1, to: 60 }, takes those alone
  definitions:
    - name: tell the time
      sentences: ["what time is it", "[what is] the time"] # or by language: { en: […], de: […] }
      tool: clock
      answer: "It is {result}."
    - name: take a note
      sentences: ["note [that] {note}"]
      answer: "Noted: {note}"`;

const SENTENCES_COMMENTED = SENTENCES.split("\n")
  .map((line) => (line.startsWith("#") || line === "" ? line : `# ${line}`))
  .join("\n");

/** Below the config's folder by the way from there, elsewhere as it is. */
function pathFrom(file: string, target: string): string {
  const relative = path.relative(path.dirname(path.resolve(file)), target);
  return relative.startsWith("..") || path.isAbsolute(relative) ? target : relative;
}

/** A text in which nothing is filled in from the environment. */
function literally(text: string): string {
  return text.replaceAll("${", () => "$${");
}

/** A path of which a shell has seen all that it expands. */
function literalPath(text: string): string {
  return literally(/^[~$]|^env:/i.test(text) ? `./${text}` : text);
}

/** The folder that systemd gives to a service (StateDirectory=), and elsewhere one beside the config. */
function sessionDirOf(dir: string): string {
  return dir === USUAL_SESSION_DIR ? `\${STATE_DIRECTORY:-${USUAL_SESSION_DIR}}` : literalPath(dir);
}

const PLAIN = /^[A-Za-z][\w./-]*$/;
/** What YAML, of one version or another, takes for something else than text. */
const NO_TEXT = /^(?:true|false|yes|no|on|off|y|n|null|auto)$/i;

/** A text as YAML: in the quotes of JSON, which are YAML's too, where it needs any. */
function quoted(text: string): string {
  return PLAIN.test(text) && !NO_TEXT.test(text) ? text : plainLine(JSON.stringify(text));
}
