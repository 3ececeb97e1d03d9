import type { Command } from "../command-line/command.js";

export const profile: Command = {
  name: "profile",
  summary: "Show this device's memory, cores, platform and GPU.",
  details:
    "Reads the figures from the system, without starting a process.\n--measure takes about ten seconds and saves the figures for the forecasts of other commands.",
  options: {
    detail: { kind: "flag", description: "Show all details, and where each was read." },
    json: { kind: "flag", description: "Print the device as JSON, with all details." },
    deep: { kind: "flag", description: "Also ask nvidia-smi and vcgencmd, for at most two seconds each." },
    data: {
      kind: "path",
      placeholder: "PATH",
      description: "Path whose storage the details describe. Default: the working directory.",
    },
    measure: { kind: "flag", description: "Also measure the speed of memory, arithmetic and storage." },
    storage: {
      kind: "path",
      placeholder: "PATH",
      description:
        "With --measure: file or folder whose storage is read. In a folder, up to 64 MB are written first. Default: the working directory.",
    },
    seconds: {
      kind: "positive-number",
      placeholder: "N",
      description: "With --measure: approximate duration, 1 to 60. Default: 8.",
    },
    save: {
      kind: "path",
      placeholder: "FILE",
      description: "Write a device block for a config: YAML, or JSON if the name ends in .json.",
    },
    record: {
      kind: "path",
      placeholder: "DIR",
      description: "Write the raw readings to DIR/machine.json, to examine this device elsewhere.",
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
