import type { Command } from "../command-line/command.js";

export const check: Command = {
  name: "check",
  summary: "Say what is wrong with an agent's config, and whether it fits.",
  details:
    "Reads the config, what it names, and the header of its model. Nothing is run, started, connected to or written.\nErrors keep the agent from working; warnings are worth a look. Exit code 2: the config is wrong; 3: it does not fit.",
  options: {
    config: { kind: "text", placeholder: "PATH", description: "The agent's config. Default: agent.yaml." },
    device: {
      kind: "text",
      placeholder: "FILE|auto",
      description:
        "Check it for the device that `nanoagent profile --json` has described, or for this one (auto), whatever the config says of the device.",
    },
    json: { kind: "flag", description: "Print the report as JSON." },
  },
  examples: [
    "nanoagent check",
    "nanoagent check --config agent.yaml --device auto",
    "nanoagent check --config agent.yaml --device raspberry-pi.json",
    "nanoagent check --config agent.yaml --json",
  ],
  loadAction: async () => (await import("../check/check-agent.js")).checkAgent,
};
