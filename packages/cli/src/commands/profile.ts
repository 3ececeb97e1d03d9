import type { Command } from "../command.js";

export const profile: Command = {
  name: "profile",
  summary: "Show what this device is.",
  details: "Reads memory, cores, platform and GPU from the system, without starting a process.",
  options: {
    json: { kind: "flag", description: "Print the device as JSON." },
  },
  examples: ["nanoagent profile", "nanoagent profile --json > device.json"],
  loadAction: async () => (await import("../profile/show-profile.js")).showProfile,
};
