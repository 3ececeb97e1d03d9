import type { Command } from "../command-line/command.js";

export const init: Command = {
  name: "init",
  summary: "Write the config of an agent for this device.",
  details:
    "Asks a few questions at a terminal; elsewhere, it uses the options and defaults. Default for FILE: agent.yaml.\nA name that ends in .json makes JSON. The config has comments, fits this device, and works as it is.\nAn existing file is never changed.",
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
      description: "Memory limit for the agent, in MB. Default: a value that suits the model and the device.",
    },
    "session-dir": {
      kind: "text",
      placeholder: "PATH",
      description: "Folder for the conversation. Default: state.",
    },
    with: {
      kind: "text",
      placeholder: "PARTS",
      description:
        "Parts of the config, separated by commas: session, sentences (and a command that one of them runs), or none. Default: session,sentences.",
    },
    yes: { kind: "flag", description: "Ask nothing, even at a terminal." },
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
