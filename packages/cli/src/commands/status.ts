import type { Command } from "../command-line/command.js";

export const status: Command = {
  name: "status",
  summary: "Show the running services of this user.",
  details:
    "Asks every running `nanoagent serve` of this user through a local socket, without a key.\nExit code 1: no service runs, or none answers.",
  options: {
    json: { kind: "flag", description: "Print one line of JSON." },
  },
  examples: ["nanoagent status", "nanoagent status --json"],
  loadAction: async () => (await import("../status/show-status.js")).showStatus,
};
