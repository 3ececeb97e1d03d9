import type { Command } from "../command.js";

export const profile: Command = {
  name: "profile",
  summary: "Show what this device is.",
  details:
    "Reads memory, cores, platform and GPU from the system, without starting a process.\n--measure takes about ten seconds and keeps what it finds, for the forecasts of other commands.",
  options: {
    json: { kind: "flag", description: "Print the device as JSON." },
    measure: { kind: "flag", description: "Measure how fast memory, arithmetic and storage are, too." },
    storage: {
      kind: "text",
      placeholder: "PATH",
      description:
        "With --measure: the file or folder whose storage is read. In a folder, up to 64 MB are written for it. Default: the working directory.",
    },
  },
  examples: ["nanoagent profile", "nanoagent profile --json > device.json", "nanoagent profile --measure"],
  loadAction: async () => (await import("../profile/show-profile.js")).showProfile,
};
