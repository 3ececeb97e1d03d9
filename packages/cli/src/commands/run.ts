import type { Command } from "../command.js";

export const run: Command = {
  name: "run",
  summary: "Load an agent and talk to it.",
  details:
    "Reads a message a line, from the terminal or from a pipe, until quit, exit, q or the end of the input.\nCtrl-C ends the reply that is being written; Ctrl-D ends the session.",
  options: {
    config: { kind: "text", placeholder: "PATH", description: "The agent's config, YAML or JSON.", required: true },
    device: {
      kind: "text",
      placeholder: "auto",
      description: "Profile this machine, whatever the config says of the device.",
      choices: ["auto"],
    },
    json: { kind: "flag", description: "Print each reply, or its error, as one line of JSON." },
  },
  examples: [
    "nanoagent run --config agent.yaml",
    "nanoagent run --config agent.yaml --device auto",
    "printf 'hello\\nstatus\\n' | nanoagent run --config agent.yaml --json",
  ],
  loadAction: async () => (await import("../run/run-agent.js")).runAgent,
};
