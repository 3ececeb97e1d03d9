import path from "node:path";
import type { EdgeDevice, NanoAgentConfigFileInput } from "@nanoagent/models";
import { plainLine } from "../output/plain-text.js";

/** Default folder of the conversation, relative to the config. */
export const USUAL_SESSION_DIR = "state";

/** Settings of an agent from which its config is written. */
export interface NewAgent {
  name: string;
  device: EdgeDevice;
  /** Absolute path. */
  model: string | null;
  /** Name of the model, if it was given by name: the config then names it. */
  modelName: string | null;
  memoryMb: number;
  modelSizeMb: number;
  sessionDir: string | null;
  /** Whether the config includes sample sentences, and a command that one of them runs. */
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

/** Returns the config of a new agent as data, with paths relative to `file`. `schema` is the path of its schema. */
export function configOf(agent: NewAgent, file: string, schema: string | null = null): NanoAgentConfigFileInput {
  return {
    ...(schema !== null && { $schema: schema }),
    spec: {
      name: literally(agent.name),
      capabilities: ["status-check", "echo"],
      max_memory_mb: agent.memoryMb,
      max_model_size_mb: agent.modelSizeMb,
    },
    device: "auto",
    ...(agent.model !== null && { model_path: modelPathOf(agent, agent.model, file) }),
    ...(agent.sessionDir !== null && { session: { dir: sessionDirOf(agent.sessionDir) } }),
    ...(agent.hasSentences && { tools: [clock], intents: { slots: { note: "text" }, definitions } }),
  };
}

/** Returns the same config as YAML, with comments that show further settings. */
export function commentedConfig(agent: NewAgent, file: string, schema: string | null = null): string {
  const { device } = agent;
  const sections = [
    `${schema === null ? "" : `# yaml-language-server: $schema=${schema}\n`}# Config of an agent. "nanoagent check" checks it; "nanoagent run" starts the agent;
# "nanoagent serve" makes it reachable for the browser and other programs.
spec:
  name: ${quoted(literally(agent.name))}
  capabilities: # names of skills, and of tools that a model may call
    - status-check
    - echo
  max_memory_mb: ${agent.memoryMb} # memory budget, in MB of 2^20 bytes; this device has ${device.memory_mb}
  max_model_size_mb: ${agent.modelSizeMb} # largest model file to load, in MB

device: auto # the machine that it runs on, here ${plainLine(device.device_id)}`,
    agent.model === null
      ? `# GGUF model for messages that match no sentence. Without one, the built-in rules answer them.
# model_path: model.gguf
# Or use a server, such as llama-server, Ollama, LM Studio or vLLM:
# engine: { type: openai-compatible, url: "http://127.0.0.1:8080" }`
      : `model_path: ${quoted(modelPathOf(agent, agent.model, file))} # answers messages that match no sentence
# engine: { context: 2048 } # tokens; default: 4096, and more when a conversation needs them`,
    `# Instructions for a model, at the beginning of every conversation.
# instructions: You look after a workshop. Answer in one sentence.`,
    agent.sessionDir === null
      ? `# Saves the conversation, which then continues after a restart.
# session: { dir: "\${STATE_DIRECTORY:-state}" }`
      : `session: # saves the conversation, which continues after a restart; see "nanoagent sessions"
  dir: ${quoted(sessionDirOf(agent.sessionDir))}${agent.sessionDir === USUAL_SESSION_DIR ? " # in a systemd service, its StateDirectory" : ""}`,
    agent.hasSentences ? SENTENCES : SENTENCES_COMMENTED,
  ];
  return `${sections.join("\n\n")}\n`;
}

const SENTENCES = `# Commands that the agent may run, without a shell. It asks before each, except with "changes_world: false" or
# "permission: always".
tools:
  - name: clock
    description: Says what time it is on this device.
    command: [node, --print, "new Date().toTimeString().slice(0, 5)"]
    changes_world: false
  # - name: lamp
  #   description: Switches the lamp.
  #   command: [./lamp.sh, "{state}"] # {state} is always one argument
  #   arguments:
  #     state: { type: string, enum: ["on", "off"] }

# Sentences that are answered at once, without a model. Syntax: [optional], (one|other), {slot}.
intents:
  slots:
    note: text # any words; a list or { from: 1, to: 60 } allows only those
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

function modelPathOf({ modelName }: NewAgent, model: string, file: string): string {
  return modelName === null ? literalPath(pathFrom(file, model)) : literally(`hub:${modelName}`);
}

/** Returns a path in the config's folder relative to it, and any other path unchanged. */
function pathFrom(file: string, target: string): string {
  const relative = path.relative(path.dirname(path.resolve(file)), target);
  return relative.startsWith("..") || path.isAbsolute(relative) ? target : relative;
}

/** Escapes `${`, so that no environment variable is filled in. */
function literally(text: string): string {
  return text.replaceAll("${", () => "$${");
}

/** Escapes a path, so that nothing in it is expanded. */
function literalPath(text: string): string {
  return literally(/^[~$]|^env:/i.test(text) ? `./${text}` : text);
}

/** The folder that systemd gives to a service (StateDirectory=), or else one beside the config. */
function sessionDirOf(dir: string): string {
  return dir === USUAL_SESSION_DIR ? `\${STATE_DIRECTORY:-${USUAL_SESSION_DIR}}` : literalPath(dir);
}

const PLAIN = /^[A-Za-z][\w./-]*$/;
/** Words that some version of YAML does not read as text. */
const NO_TEXT = /^(?:true|false|yes|no|on|off|y|n|null|auto)$/i;

/** Returns a text as YAML, in JSON's quotes (which YAML accepts) where it needs them. */
function quoted(text: string): string {
  return PLAIN.test(text) && !NO_TEXT.test(text) ? text : plainLine(JSON.stringify(text));
}
