import type { Command } from "../command-line/command.js";

export const init: Command = {
  name: "init",
  summary: "Create an agent's config for this device.",
  details:
    "Asks a few questions at a terminal; elsewhere uses the options and defaults. FILE is agent.yaml by default; a name that ends in .json makes JSON.\nThe config has comments, fits this device, works as written, and names its schema for editors. Existing configs are never overwritten.",
  operand: { name: "file", placeholder: "FILE", isPath: true },
  options: {
    name: { kind: "text", placeholder: "TEXT", description: "The agent's name. Default: the folder's name." },
    model: {
      kind: "path",
      placeholder: "PATH",
      description:
        "GGUF model that answers, or the name of one. Default: none; sentences and the built-in rules answer.",
    },
    "memory-mb": {
      kind: "positive-number",
      placeholder: "N",
      description: "Memory budget of the agent, in MB. Default: one that suits the model and the device.",
    },
    "session-dir": {
      kind: "path",
      placeholder: "PATH",
      description: "Folder in which to save the conversation. Default: state.",
    },
    with: {
      kind: "text",
      placeholder: "PARTS",
      description:
        "Parts to include, separated by commas: session, sentences (with a command that one of them runs), or none. Default: session,sentences.",
    },
    yes: { kind: "flag", description: "Do not ask questions, even at a terminal." },
    json: { kind: "flag", description: "Do not ask questions, and print the result as JSON." },
  },
  examples: [
    "nanoagent init",
    "nanoagent init --name porter --yes",
    "nanoagent init porter.yaml --model ./model.gguf --memory-mb 512",
    "nanoagent init /etc/nanoagent/agent.yaml --session-dir /var/lib/nanoagent --json",
  ],
  loadAction: async () => (await import("../init/init-agent.js")).initAgent,
};
