import type { Command } from "../command-line/command.js";

export const sessions: Command = {
  name: "sessions",
  summary: "Look at what agents have kept of their conversations.",
  details:
    "A session is a folder, the session.dir of a config. list, show and export read it while an agent writes to it;\nrepair and prune want it for themselves.",
  operand: {
    name: "action",
    placeholder: "ACTION",
    choices: {
      list: "Show the session of a folder, and those of the folders in it.",
      show: "Show the newest turns.",
      export: "Write all turns to the standard output.",
      repair: "Verify every file, put damage aside, and say what was found.",
      prune: "Remove the oldest parts, about 1 MB at a time, until the rest is within the limits.",
    },
  },
  options: {
    dir: { kind: "text", placeholder: "PATH", description: "The session's folder." },
    config: {
      kind: "text",
      placeholder: "PATH",
      description: "The config whose session.dir it is. Default: agent.yaml.",
    },
    last: {
      kind: "positive-number",
      placeholder: "N",
      description: "show: so many turns. Default: 20.",
      operands: ["show"],
    },
    format: {
      kind: "text",
      placeholder: "FORMAT",
      description: "export: markdown or json. Default: markdown.",
      choices: ["markdown", "json"],
      operands: ["export"],
    },
    "max-mb": {
      kind: "positive-number",
      placeholder: "N",
      description: "prune: megabytes to keep.",
      operands: ["prune"],
    },
    "max-days": {
      kind: "positive-number",
      placeholder: "N",
      description: "prune: days to keep.",
      operands: ["prune"],
    },
    json: { kind: "flag", description: "Print JSON: one object, or for show one line a turn." },
  },
  examples: [
    "nanoagent sessions show",
    "nanoagent sessions list --dir ./state",
    "nanoagent sessions show --config agent.yaml --last 5",
    "nanoagent sessions export --config agent.yaml --format markdown > conversation.md",
    "nanoagent sessions prune --dir ./state --max-mb 64",
  ],
  loadAction: async () => (await import("../sessions/manage-sessions.js")).manageSessions,
};
