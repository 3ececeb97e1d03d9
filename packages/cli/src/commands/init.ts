import type { Command } from "../command-line/command.js";

export const init: Command = {
  name: "init",
  summary: "Write the config of an agent for this device.",
  details:
    "Asks a few questions at a terminal, and takes the options and defaults elsewhere. FILE is agent.yaml where none is named;\na name that ends in .json makes JSON. What it writes is commented, fits this device, and loads as it is.\nA file that is there already is never touched.",
  operand: { name: "file", placeholder: "FILE" },
  options: {
    name: { kind: "text", placeholder: "TEXT", description: "The agent's name. Default: the folder's." },
    model: {
      kind: "text",
      placeholder: "PATH",
      description: "GGUF model that answers. Default: none; sentences and the built-in rules do.",
    },
    "memory-mb": {
      kind: "positive-number",
      placeholder: "N",
      description: "The most memory that the agent may take, in MB. Default: what suits the model and the device.",
    },
    "session-dir": {
      kind: "text",
      placeholder: "PATH",
      description: "Folder that the conversation is kept in. Default: state.",
    },
    with: {
      kind: "text",
      placeholder: "PARTS",
      description:
        "What to begin with, separated by commas: session, sentences (and a command that one of them runs), or none. Default: session,sentences.",
    },
    yes: { kind: "flag", description: "Ask nothing, at a terminal either." },
    json: { kind: "flag", description: "Ask nothing, and print what was written as JSON." },
  },
  examples: [
    "nanoagent init",
    "nanoagent init --name porter --yes",
    "nanoagent init porter.yaml --model ./model.gguf --memory-mb 512",
    "nanoagent init /etc/nanoagent/agent.yaml --session-dir /var/lib/nanoagent --json",
  ],
  loadAction: async () => (await import("../init/init-agent.js")).initAgent,
};
