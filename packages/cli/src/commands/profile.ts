import type { Command } from "../command-line/command.js";

export const profile: Command = {
  name: "profile",
  summary: "Show what this device is.",
  details:
    "Reads memory, cores, platform and GPU from the system, without starting a process.\n--measure takes about ten seconds and keeps what it finds, for the forecasts of other commands.",
  options: {
    detail: { kind: "flag", description: "Show all facts about the device, and where each was read." },
    json: { kind: "flag", description: "Print the device as JSON, with all its details." },
    deep: { kind: "flag", description: "Ask nvidia-smi and vcgencmd too, two seconds each at most." },
    data: {
      kind: "text",
      placeholder: "PATH",
      description: "File or folder whose storage the details describe. Default: the working directory.",
    },
    measure: { kind: "flag", description: "Measure how fast memory, arithmetic and storage are, too." },
    storage: {
      kind: "text",
      placeholder: "PATH",
      description:
        "With --measure: file or folder whose storage is measured. In a folder, a file of up to 64 MB is written. Default: the working directory.",
    },
    seconds: {
      kind: "positive-number",
      placeholder: "N",
      description: "With --measure: approximate duration, 1 to 60. Default: 8.",
    },
    save: {
      kind: "text",
      placeholder: "FILE",
      description: "Write a device block for a config: YAML, or JSON where the name ends in .json.",
    },
    record: {
      kind: "text",
      placeholder: "DIR",
      description: "Write all that was read to DIR/machine.json, to examine this device elsewhere.",
    },
  },
  examples: [
    "nanoagent profile",
    "nanoagent profile --detail",
    "nanoagent profile --json > device.json",
    "nanoagent profile --save device.yaml",
    "nanoagent profile --measure",
  ],
  loadAction: async () => (await import("../profile/show-profile.js")).showProfile,
};
