import type { Command } from "../command-line/command.js";

export const sessions: Command = {
  name: "sessions",
  summary: "Show, export, repair and prune saved conversations.",
  details:
    "A session is a folder: session.dir of a config. list, show and export work while an agent uses it; repair and prune need exclusive access.",
  operand: {
    name: "action",
    placeholder: "ACTION",
    choices: {
      list: "Show the session in a folder, and those in its subfolders.",
      show: "Show the newest turns.",
      export: "Write all turns to standard output.",
      repair: "Verify every file, set damaged parts aside, and report them.",
      prune: "Remove the oldest parts, about 1 MB at a time, until the rest is within the limits.",
    },
  },
  options: {
    dir: { kind: "path", placeholder: "PATH", description: "The session's folder." },
    config: {
      kind: "path",
      placeholder: "PATH",
      description: "Config whose session.dir to use. Default: agent.yaml.",
    },
    last: {
      kind: "positive-number",
      placeholder: "N",
      description: "show: number of turns. Default: 20.",
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
    json: { kind: "flag", description: "Print JSON: one object; for show, one line per turn." },
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
