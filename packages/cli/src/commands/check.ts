import type { Command } from "../command-line/command.js";

export const check: Command = {
  name: "check",
  summary: "Check an agent's config, and whether it fits the device.",
  details:
    "Reads the config, the files that it names, and the header of its model. Does not start programs, contact servers or write files.\nErrors keep the agent from working; warnings do not. Exit code 2: the config is wrong; 3: it does not fit.",
  options: {
    config: { kind: "path", placeholder: "PATH", description: "The agent's config. Default: agent.yaml." },
    device: {
      kind: "path",
      placeholder: "FILE|auto",
      description:
        "Check for the device in FILE (from `nanoagent profile --json`) or for this one (auto), instead of the config's device.",
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
