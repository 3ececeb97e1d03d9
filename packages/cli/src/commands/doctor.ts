import type { Command } from "../command-line/command.js";

export const doctor: Command = {
  name: "doctor",
  summary: "Gather what a bug report needs into one file.",
  details:
    "Writes versions, device, config without secrets, findings of check, engine, memory, sessions without texts, state files, running services, last errors and variables.\nNever replaces a file. Only its owner can read it. Nothing is sent: read the report before you send it.",
  options: {
    config: {
      kind: "path",
      placeholder: "PATH",
      description: "The agent's config. Default: agent.yaml, if there is one.",
    },
    output: {
      kind: "path",
      placeholder: "FILE",
      description:
        "File or folder to write to, or - to print the report. Default: nanoagent-report-DATE.txt in this folder.",
    },
    json: {
      kind: "flag",
      description: "Print the file's name and its contents as JSON; with --output -, the whole report.",
    },
  },
  examples: ["nanoagent doctor", "nanoagent doctor --config agent.yaml", "nanoagent doctor --output -"],
  loadAction: async () => (await import("../doctor/run-doctor.js")).runDoctor,
};
